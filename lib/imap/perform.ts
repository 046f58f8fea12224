/** Which step obeys which command (RFC 9051 §6). */
import type { Step } from "../wire/session.ts";
import { append } from "./append.ts";
import type { ImapBackend } from "./backend.ts";
import { capabilities } from "./capability.ts";
import type { ImapCommand } from "./command.ts";
import { compress } from "./compress.ts";
import { cancelUpdate } from "./context.ts";
import { enable } from "./enable.ts";
import { fetch } from "./fetch.ts";
import { idle } from "./idle.ts";
import { list, lsub, namespace, status } from "./lists.ts";
import { authenticate, logIn, startTls } from "./login.ts";
import { create, remove, rename, subscribe } from "./manage.ts";
import { getMetadata, setMetadata } from "./metadata.ts";
import { notify } from "./notify.ts";
import { sort, thread } from "./order.ts";
import { getQuota, getQuotaRoot } from "./quota.ts";
import { search } from "./search_answer.ts";
import { close, select, unselect } from "./select.ts";
import { bye, done, type Reply, say, selectedOf, type Serving } from "./serving.ts";
import { copy, expunge, replace, store } from "./store.ts";

/** `answered`: the reply is said already. `over`: the client has gone. */
export type Performed = Reply | "answered" | "over";

/** @throws {ImapError} for what the client did wrong, or cannot have */
export function* perform(
  serving: Serving,
  tag: string,
  command: ImapCommand,
): Step<ImapBackend, Performed> {
  const performed = (yield* inAnyState(serving, tag, command)) ??
    (yield* withMailboxes(serving, command)) ??
    (yield* withMessages(serving, tag, command));
  if (performed === null) throw new Error(`${command.verb} is obeyed nowhere`);
  return performed;
}

/** RFC 9051 §6.1 and §6.2, and what came beside them; `null` for other commands. */
function* inAnyState(
  serving: Serving,
  tag: string,
  command: ImapCommand,
): Step<ImapBackend, Performed | null> {
  switch (command.verb) {
    case "CAPABILITY":
      yield* say(serving, capabilities(serving));
      return done("that is all");
    case "NOOP":
      return done("nothing was done");
    case "ID": // RFC 2971 §3.1: no more than everybody may know
      yield* say(serving, 'ID ("name" "smtpd")');
      return done("that is all");
    case "LOGOUT": // RFC 9051 §6.1.3: BYE comes before the reply
      serving.selected = null; // nobody needs to hear of it any more
      yield* bye(serving, "goodbye");
      return { ...done("logged out"), last: true };
    case "STARTTLS":
      return yield* startTls(serving, tag);
    case "LOGIN":
      return yield* logIn(serving, command);
    case "AUTHENTICATE":
      return yield* authenticate(serving, command);
    case "ENABLE":
      return yield* enable(serving, command.capabilities);
    case "IDLE":
      return yield* idle(serving);
    case "COMPRESS":
      return yield* compress(serving, tag);
    default:
      return null;
  }
}

/** RFC 9051 §6.3, and what came beside it. */
function* withMailboxes(
  serving: Serving,
  command: ImapCommand,
): Step<ImapBackend, Performed | null> {
  switch (command.verb) {
    case "SELECT":
    case "EXAMINE":
      return yield* select(serving, command);
    case "CREATE":
      return yield* create(serving, command);
    case "DELETE":
      return yield* remove(serving, command);
    case "RENAME":
      return yield* rename(serving, command);
    case "SUBSCRIBE":
    case "UNSUBSCRIBE": {
      const { mailbox, verb } = command;
      return yield* subscribe(serving, { mailbox, subscribed: verb === "SUBSCRIBE" });
    }
    case "LIST":
      return yield* list(serving, command);
    case "LSUB":
      return yield* lsub(serving, command);
    case "NAMESPACE":
      return yield* namespace(serving);
    case "STATUS":
      return yield* status(serving, command);
    case "APPEND":
      return yield* append(serving, command);
    case "NOTIFY":
      return yield* notify(serving, command);
    case "GETQUOTA":
      return yield* getQuota(serving, command.root);
    case "GETQUOTAROOT":
      return yield* getQuotaRoot(serving, command.mailbox);
    case "GETMETADATA":
      return yield* getMetadata(serving, command);
    case "SETMETADATA":
      return yield* setMetadata(serving, command);
    default:
      return null;
  }
}

/** RFC 9051 §6.4, and what came beside it. */
function* withMessages(
  serving: Serving,
  tag: string,
  command: ImapCommand,
): Step<ImapBackend, Performed | null> {
  selectedOf(serving);
  switch (command.verb) {
    case "CHECK": // RFC 3501 §6.4.1: there is nothing that could be checked
      return done("all is well");
    case "CLOSE":
      return yield* close(serving);
    case "UNSELECT":
      return unselect(serving);
    case "EXPUNGE":
      return yield* expunge(serving, command.set);
    case "CANCELUPDATE":
      return cancelUpdate(serving, command.tags);
    case "SEARCH":
      return yield* search(serving, tag, command);
    case "SORT":
      return yield* sort(serving, tag, command);
    case "THREAD":
      return yield* thread(serving, command);
    case "FETCH":
      return yield* fetch(serving, command);
    case "STORE":
      return yield* store(serving, command);
    case "COPY":
    case "MOVE":
      return yield* copy(serving, command);
    case "REPLACE":
      return yield* replace(serving, command);
    default:
      return null;
  }
}
