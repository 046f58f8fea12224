/** Making sure, when a server starts, that its accounts exist. */
import { administer } from "../app/admin.ts";
import type { World } from "../net/world.ts";
import { verifyPassword } from "../sasl/secret.ts";
import type { Store } from "../store/store.ts";
import { EXIT, Failure } from "./fail.ts";
import { askNewPassword } from "./new_password.ts";
import type { WantedUser } from "./serve_config.ts";
import type { SmtpdContext } from "./smtpd_context.ts";

/**
 * Adds the accounts that are missing. One that exists keeps its password, for a flag in an old
 * script must not undo what its owner has changed; gives the names of those that were to have
 * another one.
 * @throws {Failure} `usage` when a password is missing and nobody can be asked
 */
export async function ensureUsers(
  store: Store,
  users: readonly WantedUser[],
  context: SmtpdContext,
): Promise<readonly string[]> {
  const different: string[] = [];
  for (const user of users) {
    const account = store.users.find(user.name);
    if (account === null) await add(store, user, context);
    else if (!(await hasPassword(store, account.id, user.password, context.world))) {
      different.push(user.name);
    }
  }
  return different;
}

async function add(store: Store, { name, password }: WantedUser, context: SmtpdContext) {
  const { world, streams, ask } = context;
  const otherwise = `--user ${name}: the password is missing: --user ${name}:PASSWORD gives it`;
  const answer = await administer({ world, store, domain: null }, {
    do: "user add",
    name,
    password: password ?? await askNewPassword({ streams, ask, name, otherwise }),
  });
  if (!answer.ok) throw new Failure(EXIT.usage, `--user ${name}: ${answer.message}`);
}

/** Also when none was said. */
async function hasPassword(
  { users }: Store,
  account: number,
  password: string | null,
  world: World,
): Promise<boolean> {
  const secret = users.secret(account);
  if (password === null || secret === null) return true;
  return await verifyPassword(password, secret, world.work.pbkdf2);
}
