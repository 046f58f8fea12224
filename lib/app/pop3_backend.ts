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
} from "../pop3/backend.ts";
import type { ScramStart } from "../sasl/mechanism.ts";
import type { AccountId, Entry, Mailbox, Uid } from "../store/store.ts";
import { type LoginResult, logLogin } from "./accounts.ts";
import type { Site } from "./site.ts";

/** The backend of one server; the locks are its own. */
export function createPop3Backend(site: Site): Pop3Backend {
  const locks = new Set<AccountId>();
  return { open: (peer) => new Conversation(site, locks, peer) };
}

interface Message extends Pop3Message {
  readonly uid: Uid;
}

/** A snapshot is read in pieces, so that a large mailbox does not hold up everybody else. */
const PAGE_ENTRIES_MAX = 1000;

class Conversation implements Pop3Conversation {
  readonly #site: Site;
  readonly #locks: Set<AccountId>;
  readonly #peer: Pop3Peer;
  #locked: AccountId | null = null;
  #mailbox: Mailbox | null = null;
  #messages = new Map<string, Uid>();

  constructor(site: Site, locks: Set<AccountId>, peer: Pop3Peer) {
    this.#site = site;
    this.#locks = locks;
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

  async message({ uniqueId }: Pop3Message): Promise<Body | null> {
    return await this.#logged("message", async () => {
      const uid = this.#messages.get(uniqueId);
      if (this.#mailbox === null || uid === undefined) return null;
      return await this.#site.store.mail.body(this.#mailbox.id, uid);
    });
  }

  async remove(messages: readonly Pop3Message[]): Promise<void> {
    await this.#logged("remove", async () => {
      const uids = messages.flatMap(({ uniqueId }) => this.#messages.get(uniqueId) ?? []);
      if (this.#mailbox !== null) await this.#site.store.mail.remove(this.#mailbox.id, uids);
    });
  }

  close(): void {
    if (this.#locked !== null) this.#locks.delete(this.#locked);
    this.#locked = null;
  }

  /** The mailbox of whoever is logged in. */
  async #open(user: string, account: LoginResult): Promise<Pop3Login> {
    const busy = typeof account !== "string" && this.#locks.has(account.id);
    const result = busy ? "inUse" : account;
    const name = typeof account === "string" ? user : account.name;
    logLogin(this.#site.log, { user: name, result, peer: this.#peer.address, protocol: "pop3" });
    if (typeof account === "string") return account;
    if (busy) return "inUse"; // RFC 1939 §4: the lock is exclusive
    this.#locks.add(account.id);
    this.#locked = account.id;
    try {
      return await this.#snapshot(account.id);
    } catch (error) {
      this.close(); // or nobody could try again
      throw error;
    }
  }

  async #snapshot(account: AccountId): Promise<readonly Pop3Message[]> {
    const { mail } = this.#site.store;
    const mailbox = await mail.mailbox(account, "INBOX");
    if (mailbox === null) return [];
    this.#mailbox = mailbox;
    const messages: Message[] = [];
    for (let after = 0;;) {
      const page = await mail.list(mailbox.id, after, PAGE_ENTRIES_MAX);
      messages.push(...page.map((entry) => messageOf(mailbox, entry)));
      if (page.length < PAGE_ENTRIES_MAX) break;
      after = page.at(-1)!.uid;
    }
    this.#messages = new Map(messages.map((each) => [each.uniqueId, each.uid]));
    return messages;
  }

  async #logged<T>(what: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#site.log.error("pop3-failed", {
        what,
        peer: this.#peer.address,
        reason: describeError(error),
      });
      throw error;
    }
  }
}

/**
 * RFC 1939 §7: a uid is never used again, and the mailbox's own mark tells it from others before
 * it.
 */
function messageOf({ uidValidity }: Mailbox, { uid, size }: Entry): Message {
  return { uid, size, uniqueId: `${uidValidity}.${uid}` };
}
