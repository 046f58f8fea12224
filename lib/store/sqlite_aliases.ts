/** Aliases in SQLite, read from memory. */
import type { Address } from "../mail/address.ts";
import { type Alias, type Aliases, createAliasTable } from "./aliases.ts";
import { prepare } from "./sql.ts";
import type { SqliteParts } from "./sqlite_parts.ts";

interface AliasRow {
  readonly name: string;
  /** JSON of addresses. */
  readonly targets: string;
  /** JSON of an address. */
  readonly owner: string | null;
}

/** Reads all aliases, once. */
export function sqliteAliases({ database, group }: SqliteParts): Aliases {
  const table = createAliasTable();
  for (const row of prepare<AliasRow>(database, "SELECT * FROM aliases").all()) {
    table.set(row.name, aliasOf(row));
  }
  const select = prepare<AliasRow>(database, "SELECT * FROM aliases WHERE name = ?");
  const remove = prepare(database, "DELETE FROM aliases WHERE name = ?");
  const put = prepare(
    database,
    `INSERT INTO aliases (name, targets, owner) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET targets = excluded.targets, owner = excluded.owner`,
  );
  return {
    list: table.list,
    find: table.find,
    update(name, change) {
      return group.run(() => {
        const found = select.first(name);
        const alias = change(found === null ? null : aliasOf(found));
        if (alias === null) remove.run(name);
        else put.run(name, JSON.stringify(alias.targets), jsonOf(alias.owner));
        return alias;
      }, (alias) => table.set(name, alias));
    },
  };
}

function aliasOf({ name, targets, owner }: AliasRow): Alias {
  return {
    name,
    targets: JSON.parse(targets) as readonly Address[],
    owner: owner === null ? null : JSON.parse(owner) as Address,
  };
}

function jsonOf(owner: Address | null): string | null {
  return owner === null ? null : JSON.stringify(owner);
}
