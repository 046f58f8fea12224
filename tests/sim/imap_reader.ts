/** A reader by IMAP: its connection, what it was told, and whether that is so. */
import {
  type Appending,
  type Doing,
  keepingIn,
  keepingMark,
  type MailboxState,
  type Place,
} from "./imap_ledger.ts";
import { type Code, numbersOf, type Response } from "./imap_response.ts";
import { type Answer, type ImapTalk, talkImap } from "./imap_talk.ts";
import { type Cache, createTold, type During, type Slot, type Told } from "./imap_told.ts";
import { differences, truthOf } from "./imap_truth.ts";
import type { Transport } from "../../lib/net/world.ts";
import type { Prng } from "./prng.ts";
import { PASSWORD, type Stage } from "./workload.ts";

/** A mail program of somebody, which remembers what it has seen. */
export interface Device {
  readonly name: string;
  readonly home: string;
  readonly user: string;
  /** What it asks the server for (RFC 7162). */
  readonly speaks: "nothing" | "CONDSTORE" | "QRESYNC";
  /** By mailbox. */
  readonly caches: Map<string, Cache>;
  /** How many messages it has brought. */
  appended: number;
}

/** One connection of a device. */
export interface Session {
  readonly stage: Stage;
  readonly device: Device;
  readonly prng: Prng;
  readonly talk: ImapTalk;
  /** The mailbox that is open; `null`: none is. */
  readonly open: { readonly mailbox: string; readonly told: Told } | null;
  ask(command: string): Promise<Answer | null>;
  idle(ms: number): Promise<Answer | null>;
  /** Whether it is open now. */
  select(mailbox: string, verb?: "SELECT" | "EXAMINE"): Promise<boolean>;
  /** Keeps what is known, for the next connection. */
  remember(): void;
  /** Everything that was told since the last time. */
  heard(): readonly Response[];
  fault(what: string): void;
}

export const MAILBOXES: readonly string[] = ["INBOX", "Archive", "Later"];

/** Whoever is logged in. `null` where nobody is. */
export async function logIn(
  stage: Stage,
  device: Device,
  { transport, prng }: { readonly transport: Transport; readonly prng: Prng },
): Promise<Session | null> {
  const { sim, ledger } = stage;
  const { user, home, speaks } = device;
  const fault = (what: string) => {
    const where = open === null ? "" : ` in ${open.mailbox}`;
    ledger.imap.faults.push(`${device.name} of ${user}${where} at ${sim.now()} ms: ${what}`);
  };
  let open: { readonly mailbox: string; readonly told: Told } | null = null;
  let heard: Response[] = [];

  function hear(response: Response, during: During): void {
    heard.push(response);
    open?.told.hear(response, during);
    if (response.is !== "fetch" || open === null) return;
    const { uid, emailId, content } = response.items;
    const { uidValidity } = open.told;
    if (uid === null) return;
    const place: Place = { server: home, account: user, uidValidity, uid };
    if (emailId !== null) ledger.imap.sightings.push({ ...place, emailId });
    if (content === null || keepingIn(content) !== null) return;
    const uniqueId = `${uidValidity}.${uid}`;
    ledger.copies.push({ server: home, account: user, uniqueId, content, atMs: sim.now() });
  }

  const talk = await talkImap(transport, hear);
  if (talk === null) return null;

  /** Before something new is begun: the connection may break in it. */
  function remember(): void {
    const cache = open?.told.cache() ?? null;
    if (open !== null && cache !== null) device.caches.set(open.mailbox, cache);
  }

  async function ended(
    command: string,
    answering: Promise<Answer | null>,
  ): Promise<Answer | null> {
    const answer = await answering;
    const [line] = command.split("\r\n", 1);
    sim.trace("people", `${device.name} ${line} ${answer?.condition ?? "and hears no answer"}`);
    if (answer === null) return null;
    if (answer.condition === "BAD") fault(`${line} was taken for nonsense`);
    const isRefused = /^(SELECT|EXAMINE)/.test(command) && answer.condition !== "OK";
    if (isRefused) open = null;
    open?.told.completed();
    return answer;
  }

  const session: Session = {
    stage,
    device,
    prng,
    talk,
    get open() {
      return open;
    },
    ask(command) {
      remember();
      return ended(command, talk.ask(command, { command: command.split(" ", 1)[0]! }));
    },
    idle(ms) {
      remember();
      return ended("IDLE", talk.idle(sim.sleep(ms)));
    },
    async select(mailbox, verb = "SELECT") {
      remember();
      const resumes = speaks === "QRESYNC" ? device.caches.get(mailbox) ?? null : null;
      const how = resumes !== null
        ? ` (QRESYNC (${resumes.uidValidity} ${resumes.mark}))`
        : speaks === "CONDSTORE"
        ? " (CONDSTORE)"
        : "";
      open = { mailbox, told: createTold({ resync: speaks === "QRESYNC", fault }) };
      const command = `${verb} ${mailbox}${how}`;
      return (await ended(command, talk.ask(command, { command: verb, resumes })))?.condition ===
        "OK";
    },
    remember,
    heard() {
      const all = heard;
      heard = [];
      return all;
    },
    fault,
  };
  if ((await session.ask(`LOGIN ${user} ${PASSWORD}`))?.condition !== "OK") return null;
  // RFC 7162 §3.2.5: a mark is worth something only behind it.
  if (speaks === "QRESYNC" && await session.ask("ENABLE QRESYNC") === null) return null;
  return session;
}

/** Learns what it was not told yet of what is there. False: the connection is lost. */
export async function learnAll({ device, open, ask }: Session): Promise<boolean> {
  if (open === null) return true;
  const numbers = open.told.slots.flatMap((slot, at) => isKnown(slot) ? [] : [at + 1]);
  if (numbers.length === 0) return true;
  const modSeq = device.speaks === "nothing" ? "" : " MODSEQ";
  // Whoever may delete it has to have read it, or nobody could tell whether it ever came.
  const items = `UID FLAGS EMAILID${modSeq} BODY.PEEK[]`;
  return await ask(`FETCH ${numbers.join(",")} (${items})`) !== null;
}

/** Where it was quiet meanwhile, what it knows behind NOOP is what is there. */
export async function look(session: Session): Promise<boolean> {
  const { open, stage: { sim, homes, ledger }, device: { home, user } } = session;
  if (open === null) return await session.ask("NOOP") !== null;
  const truth = async () =>
    (await truthOf(homes.get(home)!, user, sim.now())).find(({ name }) => name === open.mailbox);
  const before = await truth();
  if (await session.ask("NOOP") === null) return false;
  const after = await truth();
  if (after !== undefined) ledger.imap.states.push(after);
  if (before === undefined || after === undefined || !isQuiet(before, after)) return true;
  sim.tally("looks");
  for (const what of differences(open.told, after)) session.fault(`it sees ${what}`);
  return true;
}

function isQuiet(before: MailboxState, after: MailboxState): boolean {
  return before.uidValidity === after.uidValidity && before.modSeq === after.modSeq;
}

/** Brings a message of its own. */
export async function append(session: Session, mailbox: string): Promise<Answer | null> {
  const { stage: { ledger }, device, prng } = session;
  const mark = keepingMark(device.name, ++device.appended);
  const lines = Array.from({ length: prng.between(1, 30) }, (_, at) => `line ${at}\r\n`);
  const content = `${mark}\r\nSubject: kept\r\n\r\n${lines.join("")}`;
  const { home: server, user: account } = device;
  const appending: Appending = { server, account, mark, content, answer: "unknown", landed: null };
  ledger.imap.appends.push(appending);
  const answer = await session.ask(`APPEND ${mailbox} {${content.length}+}\r\n${content}`);
  if (answer === null) return null;
  appending.answer = answer.condition === "OK" ? "ok" : "no";
  const [uidValidity, uid] = (answer.code?.words ?? []).map(Number);
  if (answer.condition === "OK") appending.landed = { uidValidity: uidValidity!, uid: uid! };
  return answer;
}

/** By UIDs that rise; with numbers in place of UIDs where `byUid` is not so. */
export interface Chosen {
  readonly uids: readonly number[];
  readonly byUid: boolean;
  readonly set: string;
}

/** Some of the messages that it knows; `null`: it knows none. */
export function choose({ open, prng }: Session, most: number): Chosen | null {
  const { told } = open!;
  const known = told.slots.flatMap((slot, at) =>
    isKnown(slot) ? [[at + 1, slot.uid!] as const] : []
  );
  if (known.length === 0) return null;
  // Often the first, which others choose, too.
  const some = prng.chance(0.5) ? known : prng.shuffled(known);
  const wanted = some.slice(0, prng.between(1, most)).toSorted(([a], [b]) => a - b);
  const byUid = prng.chance(0.5);
  const uids = wanted.map(([, uid]) => uid);
  return { uids, byUid, set: wanted.map(([number, uid]) => byUid ? uid : number).join(",") };
}

/** Writes down what is going to be asked for, message by message. */
export function note(
  { open, device, stage: { ledger } }: Session,
  uids: readonly number[],
  { what, keyword = null }: { readonly what: Doing["what"]; readonly keyword?: string | null },
): readonly Doing[] {
  const { told } = open!;
  const doings = uids.map((uid): Doing => ({
    server: device.home,
    account: device.user,
    uidValidity: told.uidValidity,
    uid,
    emailId: told.slots.find((slot) => slot.uid === uid)!.emailId!,
    what,
    keyword,
    answer: "unknown",
    landed: null,
  }));
  ledger.imap.doings.push(...doings);
  return doings;
}

/** RFC 4315 §3: which of them are where. */
export function noteLanding(doings: readonly Doing[], { words }: Code): void {
  const [uidValidity, from = "", to = ""] = words;
  const uids = numbersOf(to);
  for (const [at, uid] of numbersOf(from).entries()) {
    const doing = doings.find((each) => each.uid === uid);
    if (doing !== undefined) doing.landed = { uidValidity: Number(uidValidity), uid: uids[at]! };
  }
}

function isKnown({ uid, flags, emailId }: Slot): boolean {
  return uid !== null && flags !== null && emailId !== null;
}
