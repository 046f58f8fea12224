/** MTA-STS policies in SQLite. */
import { prepare } from "./sql.ts";
import type { SqliteParts } from "./sqlite_parts.ts";
import { type KeptPolicy, type Policies, POLICIES_KEPT } from "./policies.ts";

interface PolicyRow extends Omit<KeptPolicy, "mx"> {
  readonly mx: string;
}

export function sqlitePolicies(
  { database, group }: Pick<SqliteParts, "database" | "group">,
): Policies {
  const find = prepare<PolicyRow>(
    database,
    "SELECT id, fetchedAt, mode, mx, maxAgeMs FROM policies WHERE domain = ?",
  );
  const replace = prepare(
    database,
    `INSERT OR REPLACE INTO policies (domain, id, fetchedAt, mode, mx, maxAgeMs)
     VALUES (?, ?, ?, ?, ?, ?)`,
  );
  const trim = prepare(
    database,
    `DELETE FROM policies WHERE domain IN (SELECT domain FROM policies ORDER BY fetchedAt, domain
     LIMIT max(0, (SELECT count(*) FROM policies) - ${POLICIES_KEPT}))`,
  );
  const aging = prepare<{ readonly domain: string }>(
    database,
    `SELECT domain FROM policies WHERE fetchedAt < ? AND fetchedAt + maxAgeMs > ? AND mode <> 'none'
     ORDER BY fetchedAt, domain LIMIT ?`,
  );
  return {
    aging: ({ fetchedBefore, now }, max) =>
      aging.all(fetchedBefore, now, max).map(({ domain }) => domain),
    find(domain) {
      const row = find.first(domain);
      return row === null ? null : { ...row, mx: JSON.parse(row.mx) as readonly string[] };
    },
    keep(domain, { id, fetchedAt, mode, mx, maxAgeMs }) {
      return group.run(() => {
        replace.run(domain, id, fetchedAt, mode, JSON.stringify(mx), maxAgeMs);
        trim.run();
      });
    },
  };
}
