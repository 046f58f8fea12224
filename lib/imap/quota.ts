/** GETQUOTA and GETQUOTAROOT (RFC 9208): how much a user has, and may have. */
import type { Step } from "../wire/session.ts";
import type { ImapAccount, ImapBackend, ImapQuota } from "./backend.ts";
import { refused } from "./error.ts";
import { join } from "./format.ts";
import { nameOf } from "./lists.ts";
import { accountOf, ask, done, type Reply, say, type Serving } from "./serving.ts";

/** All mailboxes of a user count together: RFC 9208 §3.2, one root without a name. */
const ROOT = "";

/** RFC 9208 §4.1.2. */
export function* getQuota(serving: Serving, root: string): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  if (root !== ROOT) throw refused("there is no such quota root", "NONEXISTENT");
  return yield* tellQuota(serving, account);
}

/** RFC 9208 §4.1.3. */
export function* getQuotaRoot(serving: Serving, mailbox: string): Step<ImapBackend, Reply> {
  const account = accountOf(serving);
  const found = yield* ask(() => account.status(mailbox));
  if (found === null) throw refused("there is no such mailbox", "NONEXISTENT");
  yield* say(serving, join(["QUOTAROOT ", nameOf(serving, mailbox), ' ""']));
  return yield* tellQuota(serving, account);
}

function* tellQuota(serving: Serving, account: ImapAccount): Step<ImapBackend, Reply> {
  const quota = yield* ask(() => account.quota());
  yield* say(serving, `QUOTA "" (${resources(quota)})`);
  return done("that is all");
}

/** RFC 9208 §5.1: storage counts in units of 1024 bytes; what has no limit is not told. */
function resources({ bytes, bytesMax, messages, messagesMax }: ImapQuota): string {
  const told: string[] = [];
  if (bytesMax !== null) {
    told.push(`STORAGE ${Math.ceil(bytes / 1024)} ${Math.floor(bytesMax / 1024)}`);
  }
  if (messagesMax !== null) told.push(`MESSAGE ${messages} ${messagesMax}`);
  return told.join(" ");
}
