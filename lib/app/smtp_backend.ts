/** The SMTP server's backend: who may send what to whom, and where it goes. */
import type { Address } from "../mail/address.ts";
import type { Body } from "../mail/body.ts";
import { formatAddress } from "../mail/address.ts";
import type { Envelope, Recipient } from "../mail/envelope.ts";
import { literalOf } from "../mail/literal.ts";
import { describeError } from "../log.ts";
import { copiesOf, EXPANSION_REPLIES, leadsElsewhere } from "../queue/expand.ts";
import { NO_MAIL, type Route, routeOf } from "../queue/route.ts";
import type { ScramStart } from "../sasl/mechanism.ts";
import type {
  SmtpBackend,
  SmtpConversation,
  SmtpHello,
  SmtpLogin,
  SmtpPeer,
} from "../smtp/backend.ts";
import type { MailCommand, RcptCommand } from "../smtp/command.ts";
import type { FutureRelease } from "../smtp/ehlo.ts";
import { isPositive, type Reply, reply, textOf } from "../smtp/reply.ts";
import { StoreError } from "../store/store.ts";
import type { MaybePromise } from "../wire/session.ts";
import { accept } from "./accept.ts";
import { type LoginResult, logLogin } from "./accounts.ts";
import { envelopeOf, futureReleaseAt, senderTaken } from "./envelope.ts";
import { quotaRefusals } from "./quota.ts";
import type { Site } from "./site.ts";
import { NO_SPACE } from "./space.ts";
import { TAKEN, VERIFY_TIMEOUT_MS, verifyRecipients } from "./verify.ts";
import { tooMuch } from "./visit.ts";

/** The backend of one server. */
export function createSmtpBackend(site: Site): SmtpBackend {
  return { open: (peer) => new Conversation(site, peer) };
}

interface Open {
  readonly mail: MailCommand;
  readonly envelope: Envelope;
  readonly hello: SmtpHello;
  readonly recipients: Recipient[];
  /** Copies that aliases make, beyond one for each recipient. */
  copies: number;
  /** What is left for questions to next hops. */
  verifyMs: number;
}

const NO_SUCH_USER = EXPANSION_REPLIES.unknown;
/** RFC 5321 §4.5.3.1.10: the client sends the rest in another transaction. */
const TOO_MANY_COPIES = reply(452, "4.5.3", "Too many recipients behind these addresses");
const NOT_HERE = reply(550, "5.7.1", "LMTP delivers to mailboxes here, and nowhere else");
/** RFC 5321 §4.2.2: it may go through when it is tried again. */
const TOO_FAST = reply(450, "4.7.1", "Too much in too short a time, try again later");
/** RFC 6409 §6.1: the code for a sender that the login gives no right to. */
const NOT_YOURS = reply(550, "5.7.1", "That sender is not yours");
/** RFC 6409 §4.2: 554 for a domain that means something else on each server. */
const UNQUALIFIED_SENDER = reply(554, "5.1.8", "That is not a whole domain name");
const UNQUALIFIED_RECIPIENT = reply(554, "5.1.2", "That is not a whole domain name");
/** RFC 5321 §4.2.2, RFC 3463 §3.4: the mail system is full; what is for mailboxes here is taken. */
const QUEUE_FULL = reply(452, "4.3.1", "Too much waits here to be sent on, try again later");
const NO_REPORT = reply(550, "5.7.27", "The sender's domain takes no mail");

/** Copies in one transaction beyond one for each recipient; all others wait for its commit. */
export const COPIES_MAX = 5000;

class Conversation implements SmtpConversation {
  readonly #site: Site;
  readonly #peer: SmtpPeer;
  #open: Open | null = null;
  /** Set while content is on its way. */
  #came: (() => void) | null = null;

  constructor(site: Site, peer: SmtpPeer) {
    this.#site = site;
    this.#peer = peer;
  }

  async login(user: string, password: string, signal: AbortSignal): Promise<SmtpLogin> {
    return await this.#logged("login", async () => {
      const peer = { address: this.#peer.address, signal };
      return this.#loggedIn(user, await this.#site.accounts.login(user, password, peer));
    });
  }

  async secret(user: string, signal: AbortSignal): Promise<ScramStart | "later"> {
    return await this.#logged("login", async () => {
      const peer = { address: this.#peer.address, signal };
      const start = await this.#site.accounts.secret(user, peer);
      if (start === "later") this.#loggedIn(user, start);
      return start;
    });
  }

  async proven(user: string, right: boolean, signal: AbortSignal): Promise<SmtpLogin> {
    return await this.#logged("login", () => {
      const peer = { address: this.#peer.address, signal };
      return this.#loggedIn(user, this.#site.accounts.proven(user, right, peer));
    });
  }

  vouched(user: string): string | null {
    return this.#site.accounts.named(user)?.name ?? null;
  }

  futureRelease(): FutureRelease {
    return futureReleaseAt(this.#site.world.clock.now());
  }

  members(name: string): readonly Address[] | null {
    return this.#site.accounts.members(name);
  }

  mail(mail: MailCommand, hello: SmtpHello): MaybePromise<Reply> {
    // Design, promise 4: who is logged in sends under their own addresses only. The null sender
    // names nobody, and programs of users need it for receipts (RFC 8098 §3).
    const foreign = hello.user !== null && mail.from !== null &&
      !this.#site.accounts.owns(hello.user, mail.from);
    if (foreign) return this.#refused(mail.from, null, NOT_YOURS);
    // Whom every address is allowed to is held to this, too.
    if (hello.user !== null && mail.from !== null && !this.#isQualified(mail.from.domain)) {
      return this.#refused(mail.from, null, UNQUALIFIED_SENDER);
    }
    // RFC 7505 §4.2: no report could ever go there.
    if (mail.from !== null && routeOf(mail.from.domain, this.#site.routes).kind === "noMail") {
      return this.#refused(mail.from, null, NO_REPORT);
    }
    const { visitors, world } = this.#site;
    const envelope = envelopeOf(mail, { now: world.clock.now(), user: hello.user });
    if ("code" in envelope) return this.#refused(mail.from, null, envelope);
    const { address } = this.#peer;
    if (isLimited(hello) && !visitors.mayMail(address, hello.user, world.clock.monotonicMs())) {
      return this.#refused(mail.from, null, TOO_FAST);
    }
    const begin = (refusal: Reply | null) => {
      if (refusal !== null) return this.#refused(mail.from, null, refusal);
      this.#open = {
        mail,
        envelope,
        hello,
        recipients: [],
        copies: 0,
        verifyMs: VERIFY_TIMEOUT_MS,
      };
      return senderTaken(mail, envelope);
    };
    // RFC 1870 §6.1: before a byte of it is sent.
    const refusal = this.#site.space.refusal(mail.size ?? 0);
    return refusal instanceof Promise ? refusal.then(begin) : begin(refusal);
  }

  async recipients(group: readonly RcptCommand[], signal: AbortSignal): Promise<readonly Reply[]> {
    return await this.#logged("recipients", async () => {
      const open = this.#transaction();
      const slow = this.#tooMany(group.length, open.hello);
      const named = group.map((command) => this.#recipientOf(command));
      const isFull = await this.#isFull();
      const addresses = named.map(({ address }) => address);
      const noRoom = await quotaRefusals(this.#site, addresses, open.mail.size ?? 0);
      const decided = addresses.map((address, at) =>
        slow ?? noRoom[at] ?? this.#decide(address, open, isFull)
      );
      const local = await this.#slowed(decided, open.hello, signal);
      const asked = named.filter((_, at) => local[at] === "ask");
      const answers = await this.#ask(open, asked, signal);
      const replies = local.map((each, at) =>
        each === "ask" ? answers[asked.indexOf(named[at]!)]! : each
      );
      for (const [at, each] of replies.entries()) {
        if (isPositive(each)) open.recipients.push(named[at]!);
        else this.#refused(open.mail.from, named[at]!.address, each);
      }
      return replies;
    });
  }

  async message(content: Body): Promise<Reply> {
    return await this.#take(content, this.#transaction().recipients);
  }

  async #take(content: Body, recipients: readonly Recipient[]): Promise<Reply> {
    this.#isHere();
    const { mail, envelope, hello } = this.#transaction();
    const transaction = { peer: this.#peer, hello, envelope, recipients };
    // Not every client has said how large its message would be, and others were faster.
    const noSpace = await this.#site.space.refusal(content.size);
    const answer = noSpace ??
      await this.#logged("message", () => accept(this.#site, transaction, content)).catch(noRoom);
    if (!isPositive(answer)) this.#refused(mail.from, null, answer);
    return answer;
  }

  async deliver(content: Body): Promise<readonly Reply[]> {
    const { recipients } = this.#transaction();
    // Whoever was removed since RCPT gets nothing, and is no reason to keep it from the others.
    const here = recipients.filter(({ address }) =>
      typeof this.#site.accounts.expand(address) !== "string"
    );
    const answer = here.length === 0 ? NO_SUCH_USER : await this.#take(content, here);
    return recipients.map((each) => here.includes(each) ? answer : NO_SUCH_USER);
  }

  expect(): void {
    this.#came ??= this.#site.store.expect();
  }

  reset(): void {
    this.#isHere();
    this.#open = null;
  }

  close(): void {
    this.reset();
  }

  /** Nothing is on its way any more. */
  #isHere(): void {
    this.#came?.();
    this.#came = null;
  }

  #loggedIn(user: string, result: LoginResult): SmtpLogin {
    logLogin(this.#site.log, { user, result, peer: this.#peer.address, protocol: "smtp" });
    return typeof result === "string" ? result : { account: result.name };
  }

  /** Whether somebody names more recipients in a short time than letters have. */
  #tooMany(count: number, hello: SmtpHello): Reply | null {
    const { visitors, world } = this.#site;
    const { address } = this.#peer;
    if (!isLimited(hello)) return null;
    const nowMs = world.clock.monotonicMs();
    return visitors.mayName(address, hello.user, count, nowMs) ? null : TOO_FAST;
  }

  /** Answers to strangers who name many that are not here come late, and then not at all. */
  async #slowed<T extends Reply | "ask">(
    decided: readonly T[],
    hello: SmtpHello,
    signal: AbortSignal,
  ): Promise<readonly (T | Reply)[]> {
    const { visitors, world: { clock } } = this.#site;
    const misses = decided.filter((each) => each === NO_SUCH_USER);
    if (misses.length === 0 || hello.user !== null || !isLimited(hello)) return decided;
    const waits = misses.map(() => visitors.missed(this.#peer.address, clock.monotonicMs()));
    const wait = waits.at(-1)!;
    if (wait === "unwelcome") return decided.map(() => tooMuch(wait));
    // A stop of the server ends the wait, and the answer is still right.
    if (wait > 0) await clock.sleep(wait, signal).catch(() => {});
    return decided;
  }

  /** Whether so much waits for other servers that no more is taken for them. */
  async #isFull(): Promise<boolean> {
    const { config, store } = this.#site;
    return await store.queue.size() >= config.queuedMax;
  }

  /** What we know ourselves about a recipient; `ask`: the next hop knows more. */
  #decide(to: Address, open: Open, isFull: boolean): Reply | "ask" {
    const { routes } = this.#site;
    const { hello } = open;
    const route = routeOf(to.domain, routes);
    if (route.kind === "local") return this.#decideHere(to, open, isFull);
    // RFC 2033 §1: LMTP is for final delivery, where there is no queue.
    if (hello.protocol === "lmtp") return NOT_HERE;
    if (route.kind === "noMail") return NO_MAIL;
    // Design, promise 4: no open relay. What looks like another address inside the local part
    // (percent, bang, quotes) is just a local part, so there is nothing else to refuse.
    if (hello.user === null) {
      return reply(550, "5.7.1", "Not for strangers: log in to send elsewhere");
    }
    if (!this.#isQualified(to.domain)) return UNQUALIFIED_RECIPIENT;
    if (route.kind === "none") return reply(550, "5.1.2", "There is no route to that domain");
    if (isFull) return QUEUE_FULL;
    return isAsked(route, this.#site) ? "ask" : TAKEN;
  }

  /** Who leads elsewhere is the operator's word: strangers reach nobody whom they name there. */
  #decideHere(to: Address, open: Open, isFull: boolean): Reply {
    const expansion = this.#site.accounts.expand(to);
    if (typeof expansion === "string") return EXPANSION_REPLIES[expansion];
    // RFC 4865 §4.2: what is held waits there as well, wherever it goes then.
    const waits = open.envelope.hold !== undefined || leadsElsewhere(expansion);
    if (isFull && waits) return QUEUE_FULL;
    const more = copiesOf(expansion) - 1;
    if (open.copies > 0 && open.copies + more > COPIES_MAX) return TOO_MANY_COPIES;
    open.copies += more;
    return reply(250, "2.1.5", "Recipient taken");
  }

  /**
   * RFC 1123 §5.2.17: an address literal with an IP address of this host is recognised as this
   * host; of its addresses, the one that the client has come to is known for certain. From here on
   * it is the first domain. Every other literal is another host.
   */
  #recipientOf({ verb: _verb, to, ...options }: RcptCommand): Recipient {
    const { local } = this.#peer;
    const isHere = local !== undefined && to.domain === literalOf(local);
    const address = isHere ? { ...to, domain: this.#site.config.domains[0]! } : to;
    return { address, ...options };
  }

  /** Whether a domain can be looked up from anywhere, or is known here by name. */
  #isQualified(domain: string): boolean {
    const { local, hops } = this.#site.routes;
    return domain.startsWith("[") || domain.includes(".") || local.has(domain) || hops.has(domain);
  }

  /** Design, section 7: 20 s in all for one transaction, then recipients are taken unasked. */
  async #ask(
    open: Open,
    recipients: readonly Recipient[],
    signal: AbortSignal,
  ): Promise<readonly Reply[]> {
    if (recipients.length === 0) return [];
    if (open.verifyMs <= 0) return recipients.map(() => TAKEN);
    const { clock } = this.#site.world;
    const startedMs = clock.monotonicMs();
    const answers = await verifyRecipients(this.#site, {
      envelope: open.envelope,
      contentBytes: open.mail.size,
      recipients,
      timeoutMs: open.verifyMs,
      signal,
    });
    open.verifyMs -= clock.monotonicMs() - startedMs;
    return answers;
  }

  #transaction(): Open {
    if (this.#open === null) throw new Error("there is no transaction");
    return this.#open;
  }

  /** `to` is `null` where the sender or the message was refused. */
  #refused(from: Address | null, to: Address | null, answer: Reply): Reply {
    this.#site.log.info("refused", {
      from: from === null ? "<>" : formatAddress(from),
      to: to === null ? null : formatAddress(to),
      peer: this.#peer.address,
      user: this.#open?.hello.user ?? null,
      reply: textOf(answer),
    });
    return answer;
  }

  /** What goes wrong here is ours: the client hears 451, and the log the reason. */
  async #logged<T>(what: string, run: () => MaybePromise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      this.#site.log.error("smtp-failed", {
        what,
        peer: this.#peer.address,
        reason: describeError(error),
      });
      throw error;
    }
  }
}

/**
 * Whether the next hop may know more. A smarthost takes mail for the whole world, and so knows
 * nothing about recipients that would be worth a connection for each.
 */
function isAsked(route: Route, { config, routes }: Site): boolean {
  const { verifyRecipients } = config;
  const isRoute = route.kind === "relay" && route.to !== routes.smarthost;
  return verifyRecipients === "always" || (verifyRecipients === "routes" && isRoute);
}

/** RFC 5321 §4.2.3: what a full disk has refused gets its own code, everything else 451. */
function noRoom(error: unknown): Reply {
  if (error instanceof StoreError && error.kind === "full") return NO_SPACE;
  throw error;
}

/** LMTP brings the mail of many from a mail server of our own. */
function isLimited({ protocol }: SmtpHello): boolean {
  return protocol !== "lmtp";
}
