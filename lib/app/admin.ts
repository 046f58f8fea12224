/**
 * What an operator asks of a data directory: the same code answers through the control socket of a
 * running server and, when none runs, on the store itself.
 */
import { accountName } from "../mail/address.ts";
import type { Metrics } from "../metrics.ts";
import type { World } from "../net/world.ts";
import { makeSecret, SALT_BYTES } from "../sasl/secret.ts";
import { type Account, StoreError, type StoreErrorKind } from "../store/store.ts";
import {
  addAlias,
  type AliasRequest,
  type AliasValues,
  listAliases,
  removeAlias,
  warningsAboutAccount,
  warningsWithout,
} from "./admin_aliases.ts";
import { type MailRequest, type MailValues, moveMail } from "./admin_mail.ts";
import { listQueue, operate, type QueuedView, type QueueParts, showQueued } from "./admin_queue.ts";
import { traceMessage, type TraceView } from "./admin_trace.ts";
import { type AdminFault, RefusedError } from "./refused.ts";

export type AdminRequest =
  | { readonly do: "user list" }
  | { readonly do: "user add" | "user password"; readonly name: string; readonly password: string }
  | { readonly do: "user remove"; readonly name: string }
  | AliasRequest
  | MailRequest
  | { readonly do: "queue list"; readonly after?: number }
  | { readonly do: "queue show"; readonly id: string }
  | { readonly do: "queue retry"; readonly id?: string }
  /** `reason` is for whoever looks at the queue later. */
  | { readonly do: "queue hold"; readonly id: string; readonly reason?: string }
  /** Without `id`, everything that is held. */
  | { readonly do: "queue release"; readonly id?: string }
  | { readonly do: "queue drop"; readonly id: string }
  | { readonly do: "status" }
  /** Without `domain`, everything that waits. */
  | { readonly do: "queue flush"; readonly domain?: string }
  /** `name`: an id, or the value of a Message-ID field. */
  | { readonly do: "trace"; readonly name: string }
  | { readonly do: "check" }
  /** `directory`: an absolute path, on the machine of the server. */
  | { readonly do: "backup"; readonly directory: string };

/** Values are plain JSON, so that they can cross the socket. */
export type AdminAnswer =
  | { readonly ok: true; readonly value: AdminValue }
  /** `kind`: whose fault it is. */
  | { readonly ok: false; readonly kind: AdminFault; readonly message: string };

export type AdminValue = AdminValues[AdminRequest["do"]];

/** What each request is answered with. */
export interface AdminValues extends AliasValues, MailValues {
  readonly "user list": { readonly users: readonly UserView[] };
  readonly "user add": UserChange;
  readonly "user password": UserChange;
  readonly "user remove": UserChange;
  readonly "queue list": { readonly queue: readonly QueuedView[]; readonly more: boolean };
  readonly "queue show": {
    /** One for each recipient that still waits. */
    readonly recipients: readonly QueuedView[];
    /** The whole message, in base64. */
    readonly content: string;
  };
  readonly "queue retry": { readonly recipients: number };
  readonly "queue hold": { readonly recipients: number };
  readonly "queue release": { readonly recipients: number };
  readonly "queue drop": { readonly recipients: number };
  readonly "status": { readonly metrics: Readonly<Record<string, number>> };
  readonly "queue flush": { readonly recipients: number };
  /** The newest first; several where a Message-ID was used again. */
  readonly "trace": { readonly traces: readonly TraceView[] };
  readonly "check": { readonly faults: readonly string[] };
  readonly "backup": { readonly directory: string };
}

export interface UserChange {
  readonly user: UserView;
  /** What may not have been thought of, in sentences. */
  readonly warnings: readonly string[];
}

export interface UserView {
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
}

export interface AdminParts extends QueueParts {
  readonly world: World;
  /** The domain of names without one; `null` when it is not known, so that names must be whole. */
  readonly domain: string | null;
  /** What the running server counts; `null`: none runs. */
  readonly metrics?: Metrics | null;
}

/** RFC 4616 §2 and every client's habits: longer is a mistake. */
const PASSWORD_CHARACTERS_MAX = 255;

/** Does what is asked. Rejects only where the store fails. `content`: what follows the request. */
export async function administer(
  parts: AdminParts,
  request: AdminRequest,
  content = new Uint8Array(0),
): Promise<AdminAnswer> {
  try {
    return { ok: true, value: await perform(parts, request, content) };
  } catch (error) {
    if (error instanceof RefusedError) {
      return { ok: false, kind: error.kind, message: error.message };
    }
    if (error instanceof StoreError) {
      const kind = FAULTS[error.kind];
      if (kind !== undefined) return { ok: false, kind, message: error.message };
    }
    throw error;
  }
}

/** What of a store's errors is the operator's to set right. */
const FAULTS: Partial<Record<StoreErrorKind, AdminFault>> = {
  exists: "exists",
  unknown: "unknown",
  unwritable: "exists",
  limit: "usage",
};

async function perform(
  parts: AdminParts,
  request: AdminRequest,
  content: Uint8Array,
): Promise<AdminValue> {
  const { world, store } = parts;
  switch (request.do) {
    case "user list":
      return { users: store.users.list().map(viewUser) };
    case "user add": {
      const user = await addUser(parts, request);
      return { user, warnings: warningsAboutAccount(parts, user.name) };
    }
    case "user password": {
      const account = findUser(parts, request.name);
      await store.users.setSecret(account.id, await secretOf(parts, request.password));
      return { user: viewUser(account), warnings: [] };
    }
    case "user remove": {
      const account = findUser(parts, request.name);
      await store.users.remove(account.id);
      return { user: viewUser(account), warnings: warningsWithout(parts, account.name) };
    }
    case "alias list":
      return listAliases(parts);
    case "alias add":
      return await addAlias(parts, request);
    case "alias remove":
      return await removeAlias(parts, request);
    case "import":
    case "import messages":
    case "export":
    case "export messages":
    case "export content": {
      const account = findUser(parts, request.user);
      return await moveMail({ world, store, account }, request, content);
    }
    case "queue list":
      return await listQueue(parts, request.after ?? 0);
    case "queue show":
      return await showQueued(parts, request.id);
    case "queue retry":
    case "queue hold":
    case "queue release":
    case "queue drop":
    case "queue flush":
      return { recipients: await operate(store, request, world.clock.now()) };
    case "trace":
      return { traces: await traceMessage(parts, request.name) };
    case "status":
      if (parts.metrics != null) return { metrics: parts.metrics.read() };
      throw new RefusedError("unknown", "no server runs on this directory");
    case "check":
      return { faults: await store.check() };
    case "backup":
      await store.backup(request.directory);
      return { directory: request.directory };
    default:
      // Requests cross a socket, so whoever asks may be of a newer version than the one that runs.
      throw new RefusedError("usage", "the running server does not know this command: restart it");
  }
}

async function addUser(
  parts: AdminParts,
  { name, password }: { readonly name: string; readonly password: string },
): Promise<UserView> {
  const { world, store } = parts;
  const full = fullName(parts, name);
  if (store.users.find(full) !== null) throw new RefusedError("exists", `${full} exists already`);
  const secret = await secretOf(parts, password);
  return viewUser(await store.users.add(full, secret, world.clock.now()));
}

async function secretOf({ world }: AdminParts, password: string) {
  if (password === "") throw new RefusedError("usage", "the password is empty");
  if (password.length > PASSWORD_CHARACTERS_MAX || password.includes("\0")) {
    throw new RefusedError("usage", `a password has at most ${PASSWORD_CHARACTERS_MAX} characters`);
  }
  try {
    return await makeSecret(password, world.random.bytes(SALT_BYTES), world.work.pbkdf2);
  } catch (error) {
    if (error instanceof RangeError) throw new RefusedError("usage", error.message);
    throw error;
  }
}

function findUser(parts: AdminParts, name: string): Account {
  const full = fullName(parts, name);
  const account = parts.store.users.find(full);
  if (account === null) throw new RefusedError("unknown", `there is no user ${full}`);
  return account;
}

function fullName({ domain }: AdminParts, name: string): string {
  if (domain === null && !name.includes("@")) {
    throw new RefusedError("usage", `say which domain: ${name}@example.org`);
  }
  try {
    return accountName(name, domain ?? "");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RefusedError("usage", `${JSON.stringify(name)} is not a user name: ${reason}`);
  }
}

function viewUser({ name, createdAt }: Account): UserView {
  return { name, created: new Date(createdAt).toISOString() };
}
