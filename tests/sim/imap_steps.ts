/** What a reader by IMAP does, one thing after another, as chance says. */
import { append, choose, learnAll, look, MAILBOXES, note, noteLanding } from "./imap_reader.ts";
import type { Session } from "./imap_reader.ts";

/** Does one thing; false when the connection is lost. */
type Step = (session: Session) => Promise<boolean>;

/** How often each is done, against the others. */
const STEPS: readonly (readonly [weight: number, step: Step])[] = [
  [4, look],
  [4, mark],
  [4, flag],
  [2, remove],
  [2, fetchOne],
  [2, copy],
  [3, move],
  [2, expunge],
  [2, bring],
  [3, wait],
  [1, search],
  [2, change],
];

/** What `lot`, below 1, stands for in the list; and mostly what has come meanwhile is read. */
export async function step(session: Session, lot: number): Promise<boolean> {
  const { prng } = session;
  const isDone = await drawn(lot)(session);
  if (!isDone) return false;
  return prng.chance(0.3) || await learnAll(session);
}

function drawn(lot: number): Step {
  let left = lot * STEPS.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, each] of STEPS) {
    left -= weight;
    if (left < 0) return each;
  }
  return look;
}

/** Sets or takes the keyword that this device alone uses. */
async function mark(session: Session): Promise<boolean> {
  const { prng, device } = session;
  const keyword = `$${device.name}`;
  return await store(session, prng.chance(0.6) ? "flag" : "unflag", keyword);
}

/** Flags that others change, too. */
async function flag(session: Session): Promise<boolean> {
  const { prng } = session;
  const flags = ["\\Seen", "\\Flagged", "\\Answered"];
  return await store(session, prng.chance(0.6) ? "flag" : "unflag", prng.pick(flags));
}

async function remove(session: Session): Promise<boolean> {
  return await store(session, session.prng.chance(0.8) ? "flag" : "unflag", "\\Deleted");
}

async function store(session: Session, what: "flag" | "unflag", flag: string): Promise<boolean> {
  const { prng, device, open } = session;
  const chosen = choose(session, 3);
  if (chosen === null) return true;
  const { uids, byUid, set } = chosen;
  const isOwn = flag.startsWith("$");
  const doings = flag === "\\Deleted" && what === "flag"
    ? note(session, uids, { what: "delete" })
    : isOwn
    ? note(session, uids, { what, keyword: flag })
    : [];
  const silent = prng.chance(0.5);
  const { told } = open!;
  const slot = told.slots.find(({ uid }) => uid === uids[0])!;
  const since = device.speaks !== "nothing" && uids.length === 1 && prng.chance(0.3)
    ? ` (UNCHANGEDSINCE ${slot.modSeq ?? 1})`
    : "";
  const name = `${what === "flag" ? "+" : "-"}FLAGS${silent ? ".SILENT" : ""}`;
  session.heard();
  const answer = await session.ask(`${byUid ? "UID " : ""}STORE ${set}${since} ${name} (${flag})`);
  if (answer === null) return false;
  const isChanged = answer.condition === "OK" && answer.code?.name !== "MODIFIED";
  if (isChanged) { for (const doing of doings) doing.answer = "ok"; }
  if (answer.code?.name === "MODIFIED") { for (const doing of doings) doing.answer = "no"; }
  if (!silent || answer.code?.name === "MODIFIED") return true;
  // RFC 9051 §6.4.6: nobody tells what it has done itself; what others did meanwhile is told.
  const wereTold = new Set(
    session.heard().flatMap((response) => {
      if (response.is !== "fetch" || response.items.flags === null) return [];
      return [response.items.uid ?? told.slots[response.number - 1]?.uid];
    }),
  );
  for (const uid of uids) {
    if (answer.condition !== "OK") told.doubt(uid);
    else if (!wereTold.has(uid)) told.assume(uid, (flags) => changed(flags, what, flag));
  }
  return true;
}

function changed(flags: readonly string[], what: "flag" | "unflag", flag: string) {
  const others = flags.filter((each) => each !== flag);
  return what === "flag" ? [...others, flag] : others;
}

async function fetchOne(session: Session): Promise<boolean> {
  const chosen = choose(session, 2);
  if (chosen === null) return true;
  const { byUid, set } = chosen;
  const section = session.prng.chance(0.5) ? "BODY[]" : "BODY.PEEK[]";
  return await session.ask(`${byUid ? "UID " : ""}FETCH ${set} (UID ${section})`) !== null;
}

async function copy(session: Session): Promise<boolean> {
  return await transfer(session, "copy");
}

async function move(session: Session): Promise<boolean> {
  return await transfer(session, "move");
}

async function transfer(session: Session, what: "copy" | "move"): Promise<boolean> {
  const chosen = choose(session, 3);
  if (chosen === null) return true;
  const to = session.prng.pick(MAILBOXES);
  const doings = note(session, chosen.uids, { what });
  session.heard();
  const verb = `${chosen.byUid ? "UID " : ""}${what.toUpperCase()}`;
  const answer = await session.ask(`${verb} ${chosen.set} ${to}`);
  // RFC 6851 §4.3: MOVE tells where they are before it ends.
  const codes = session.heard().flatMap((each) => "code" in each && each.code ? [each.code] : []);
  const code = codes.find(({ name }) => name === "COPYUID");
  if (code !== undefined) noteLanding(doings, code);
  if (answer === null) return false;
  for (const doing of doings) {
    if (answer.condition === "OK" && doing.landed !== null) doing.answer = "ok";
    else if (code === undefined) doing.answer = "no";
  }
  return answer.code?.name === "TRYCREATE" ? await create(session, to) : true;
}

async function create({ ask }: Session, mailbox: string): Promise<boolean> {
  return await ask(`CREATE ${mailbox}`) !== null;
}

async function expunge(session: Session): Promise<boolean> {
  const chosen = session.prng.chance(0.5) ? choose(session, 5) : null;
  if (chosen === null) return await session.ask("EXPUNGE") !== null;
  return await session.ask(`UID EXPUNGE ${chosen.uids.join(",")}`) !== null;
}

async function bring(session: Session): Promise<boolean> {
  const mailbox = session.prng.pick(MAILBOXES);
  const answer = await append(session, mailbox);
  if (answer === null) return false;
  return answer.code?.name === "TRYCREATE" ? await create(session, mailbox) : true;
}

const IDLE_MS_MAX = 10_000;

async function wait(session: Session): Promise<boolean> {
  return await session.idle(session.prng.below(IDLE_MS_MAX)) !== null;
}

/** RFC 9051 §6.4.4: every message is among all. */
async function search(session: Session): Promise<boolean> {
  return await session.ask("SEARCH ALL") !== null;
}

/** Another mailbox, or the same anew; CLOSE takes away what is deleted, and says nothing. */
async function change(session: Session): Promise<boolean> {
  const { prng } = session;
  if (prng.chance(0.3) && await session.ask("CLOSE") === null) return false;
  const mailbox = prng.pick(MAILBOXES);
  if (await session.select(mailbox)) return await learnAll(session);
  if (session.open === null && !await create(session, mailbox)) return false;
  return await session.select("INBOX") && await learnAll(session);
}
