/**
 * The POP3 server's backend: the INBOX of whoever logs in, locked for as long as the session lasts.
 */
import type { Body } from "../mail/body.ts";
import { describeError } from "../log.ts";
import type {
  Pop3Backend,
  Pop3Conversation,
  Pop3Login,
  Pop3Message,
  Pop3Peer,
  Pop3Snapshot,
} from "../pop3/backend.ts";
import type { ScramStart } from "../sasl/mechanism.ts";
import type { Account, AccountId, Mailbox } from "../store/store.ts";
import type { MaybePromise } from "../wire/session.ts";
import { type LoginResult, logLogin } from "./accounts.ts";
import type { Maildrops } from "./maildrops.ts";
import { readSnapshot, uidOf } from "./pop3_snapshot.ts";
import { type BodyReader, bodyReader } from "./read_ahead.ts";
import type { Site } from "./site.ts";

/** The backend of one server. */
export function createPop3Backend(site: Site): Pop3Backend {
  const doors: Doors = { locked: site.maildrops, openedMs: new Map() };
  return { open: (peer) => new Conversation(site, doors, peer) };
}

/** What a server's conversations know of each other; of accounts only, which no stranger makes. */
interface Doors {
  /** Whose mailbox a session has open. */
  readonly locked: Maildrops;
  /** When each was opened last, in milliseconds of the monotonic clock. */
  readonly openedMs: Map<AccountId, number>;
}

class Conversation implements Pop3Conversation {
  readonly #site: Site;
  readonly #doors: Doors;
  readonly #peer: Pop3Peer;
  #locked: AccountId | null = null;
  #mailbox: Mailbox | null = null;
  #read: BodyReader | null = null;

  constructor(site: Site, doors: Doors, peer: Pop3Peer) {
    this.#site = site;
    this.#doors = doors;
    this.#peer = peer;
  }

  async login(user: string, password: string, signal: AbortSignal): Promise<Pop3Login> {
    return await this.#logged("login", async () => {
      const peer = { address: this.#peer.address, signal };
      return await this.#open(user, await this.#site.accounts.login(user, password, peer));
    });
  }

  async secret(user: string, signal: AbortSignal): Promise<ScramStart | "later"> {
    return await this.#logged("login", async () => {
      const peer = { address: this.#peer.address, signal };
      const start = await this.#site.accounts.secret(user, peer);
      if (start === "later") await this.#open(user, start);
      return start;
    });
  }

  async proven(user: string, right: boolean, signal: AbortSignal): Promise<Pop3Login> {
    return await this.#logged("login", async () => {
      const peer = { address: this.#peer.address, signal };
      return await this.#open(user, this.#site.accounts.proven(user, right, peer));
    });
  }

  /** Not waited for where it is at hand: a client asks for thousands, one after the other. */
  message(message: Pop3Message): MaybePromise<Body | null> {
    try {
      if (this.#read === null) return null;
      const body = this.#read(uidOf(message));
      return body instanceof Promise ? this.#logged("message", () => body) : body;
    } catch (error) {
      this.#failed("message", error);
    }
  }

  async remove(messages: readonly Pop3Message[]): Promise<void> {
    await this.#logged("remove", async () => {
      const uids = messages.map(uidOf);
      if (this.#mailbox !== null) await this.#site.store.mail.remove(this.#mailbox.id, uids);
    });
  }

  turn(): Promise<void> {
    return this.#site.world.clock.turn();
  }

  close(): void {
    if (this.#locked !== null) this.#doors.locked.delete(this.#locked);
    this.#locked = null;
  }

  /** The mailbox of whoever is logged in. */
  async #open(user: string, login: LoginResult): Promise<Pop3Login> {
    if (typeof login !== "string") await this.#doors.locked.tidied(login.id);
    const account = typeof login === "string" ? login : this.#obstacle(login) ?? login;
    const name = typeof login === "string" ? user : login.name;
    const peer = this.#peer.address;
    logLogin(this.#site.log, { user: name, result: account, peer, protocol: "pop3" });
    if (typeof account === "string") return account;
    this.#doors.locked.add(account.id);
    this.#locked = account.id;
    try {
      const snapshot = await this.#snapshot(account.id);
      this.#doors.openedMs.set(account.id, this.#site.world.clock.monotonicMs());
      return snapshot;
    } catch (error) {
      this.close(); // or nobody could try again
      throw error;
    }
  }

  /** What keeps a user out who knows the password; `null` when nothing does. */
  #obstacle({ id }: Account): "inUse" | "tooSoon" | null {
    if (this.#doors.locked.has(id)) return "inUse"; // RFC 1939 §4: the lock is exclusive
    const { config, world } = this.#site;
    const openedMs = this.#doors.openedMs.get(id) ?? -Infinity;
    // RFC 2449 §6.5: what CAPA announces is enforced.
    return world.clock.monotonicMs() - openedMs < config.pop3LoginDelayMs ? "tooSoon" : null;
  }

  async #snapshot(account: AccountId): Promise<Pop3Snapshot> {
    const { store: { mail }, world } = this.#site;
    const mailbox = await mail.mailbox(account, "INBOX");
    // Its owner was removed a moment ago.
    if (mailbox === null) throw new Error(`account ${account} has no INBOX`);
    this.#mailbox = mailbox;
    this.#read = bodyReader(mail, mailbox.id);
    return await readSnapshot(mail, mailbox, world.clock.turn);
  }

  async #logged<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#failed(what, error);
    }
  }

  #failed(what: string, error: unknown): never {
    const reason = describeError(error);
    this.#site.log.error("pop3-failed", { what, peer: this.#peer.address, reason });
    throw error;
  }
}
