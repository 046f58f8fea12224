/** What people do to our servers in one run, drawn from its seed before it begins. */
import type { Manner } from "./client_smtp.ts";
import { drawLetter, isEightBit, isNameless, type Letter, markOfLetter } from "./letters.ts";
import type { Prng } from "./prng.ts";

/** Who there is. */
export interface Cast {
  /** Our own servers, with the users that they have at the beginning. */
  readonly homes: readonly House[];
  readonly foreigners: readonly House[];
}

export interface House {
  /** Its domain, and the name of its machine. */
  readonly domain: string;
  /** Whole addresses. */
  readonly users: readonly string[];
  /** Names that lead to others, whole addresses all of them. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Which of them are lists, by their owners. */
  readonly owners: ReadonlyMap<string, string>;
}

/** One thing that somebody does, at a time. */
export type Deed =
  & { readonly atMs: number; readonly home: string }
  & (
    | { readonly do: "send"; readonly letter: Letter; readonly sending: Sending }
    /** `deletes`: how likely each message is deleted once it was fetched. */
    | { readonly do: "read"; readonly user: string; readonly deletes: number }
    | { readonly do: "addUser" | "removeUser"; readonly user: string }
    | { readonly do: "removeAlias"; readonly alias: string }
  );

export interface Sending {
  /** Who logs in; `null`: a stranger. */
  readonly user: string | null;
  readonly sender: string | null;
  readonly parameters: readonly string[];
  readonly recipients: readonly {
    readonly address: string;
    readonly notify: readonly string[] | null;
  }[];
  readonly manner: Manner;
}

export interface PlanOptions {
  readonly prng: Prng;
  readonly cast: Cast;
  readonly messages: number;
  readonly durationMs: number;
}

/** By time. */
export function planWorkload(options: PlanOptions): readonly Deed[] {
  const { prng, cast, messages, durationMs } = options;
  const deeds: Deed[] = [];
  const somewhere = () => ({ atMs: prng.below(durationMs), home: prng.pick(cast.homes).domain });
  for (let number = 0; number < messages; number++) {
    const letter = drawLetter(prng, number);
    const place = somewhere();
    deeds.push({ ...place, do: "send", letter, sending: drawSending(options, place.home, letter) });
    if (!prng.chance(0.2)) continue;
    const home = prng.pick(cast.homes);
    const user = prng.pick(home.users);
    deeds.push({ ...somewhere(), home: home.domain, do: "read", user, deletes: prng.fraction() });
  }
  for (const home of cast.homes) deeds.push(...planNames(prng, home, durationMs));
  deeds.push(...planMeeting(options));
  return deeds.toSorted((one, other) => one.atMs - other.atMs);
}

/** Somebody comes, the last of the users and an alias may go; all are written to in between. */
function planNames(prng: Prng, house: House, durationMs: number): readonly Deed[] {
  const { domain, users, aliases } = house;
  const deeds: Deed[] = [];
  const [alias] = aliases.keys();
  if (prng.chance(0.3) && alias !== undefined) {
    deeds.push({ do: "removeAlias", home: domain, alias, atMs: prng.below(durationMs) });
  }
  if (prng.chance(0.5)) {
    const user = newcomer(domain);
    deeds.push({ do: "addUser", home: domain, user, atMs: prng.below(durationMs) });
  }
  if (prng.chance(0.3) && users.length > 1) {
    const user = users.at(-1)!;
    deeds.push({ do: "removeUser", home: domain, user, atMs: prng.below(durationMs) });
  }
  return deeds;
}

/** Somebody elsewhere writes to one who has no account yet, and again when there is one. */
function planMeeting({ prng, cast, messages, durationMs }: PlanOptions): readonly Deed[] {
  if (cast.homes.length < 2 || messages < 2 || !prng.chance(0.3)) return [];
  const [from, to] = prng.shuffled(cast.homes) as readonly [House, House];
  const user = `late@${to.domain}`;
  const comesAtMs = prng.between(durationMs / 4, durationMs / 2);
  const writes = (number: number, atMs: number): Deed => ({
    do: "send",
    atMs,
    home: from.domain,
    letter: { number, kind: "plain", bytes: 500 },
    sending: {
      user: from.users[0]!,
      sender: from.users[0]!,
      parameters: [],
      recipients: [{ address: user, notify: null }],
      manner: { by: "pipelined", leaves: false },
    },
  });
  return [
    writes(messages, comesAtMs - prng.between(1, 60_000)),
    { do: "addUser", home: to.domain, user, atMs: comesAtMs },
    writes(messages + 1, comesAtMs + prng.between(8 * 60_000, 20 * 60_000)),
  ];
}

function newcomer(domain: string): string {
  return `newcomer@${domain}`;
}

function drawSending(options: PlanOptions, home: string, letter: Letter): Sending {
  const { prng } = options;
  // A list has an envelope of its own: nobody could tell what its reports are about.
  const cast = isNameless(letter) ? withoutAliases(options.cast) : options.cast;
  const own = cast.homes.find(({ domain }) => domain === home)!;
  const isStranger = prng.chance(0.25);
  const user = isStranger ? null : prng.pick(own.users);
  const stranger = prng.chance(0.2) ? null : `stranger@${prng.pick(cast.homes).domain}.example`;
  const sender = isStranger ? stranger : prng.chance(0.1) ? null : user;
  const count = prng.chance(0.6) ? 1 : prng.between(2, 5);
  // RFC 3461 §5.2.7.1: lists pass on no ENVID, and nothing else tells what such a letter is.
  const isAlias = (address: string) => cast.homes.some(({ aliases }) => aliases.has(address));
  const named = (address: string) =>
    isNameless(letter) && isAlias(address) ? own.users[0]! : address;
  const recipients = Array.from({ length: count }, () => ({
    address: named(isStranger ? localAddress(prng, own) : anyAddress(prng, cast)),
    notify: prng.chance(0.7) ? null : drawNotify(prng),
  }));
  // Once more, in the same transaction.
  if (prng.chance(0.1)) recipients.push(recipients[0]!);
  return {
    user,
    sender,
    recipients,
    parameters: drawParameters(prng, letter, isStranger),
    manner: {
      by: prng.pick(["data", "pipelined", "chunks"]),
      leaves: prng.chance(0.05),
    },
  };
}

function withoutAliases({ homes, foreigners }: Cast): Cast {
  return { homes: homes.map((house) => ({ ...house, aliases: new Map() })), foreigners };
}

function anyAddress(prng: Prng, { homes, foreigners }: Cast): string {
  return localAddress(prng, prng.pick([...homes, ...foreigners]));
}

function localAddress(prng: Prng, { domain, users, aliases }: House): string {
  if (prng.chance(0.1)) return `nobody${prng.below(3)}@${domain}`;
  if (prng.chance(0.1)) return newcomer(domain);
  return prng.chance(0.15) && aliases.size > 0 ? prng.pick([...aliases.keys()]) : prng.pick(users);
}

/** RFC 3461 §4.1: any of the three, or none at all. */
function drawNotify(prng: Prng): readonly string[] {
  return ["SUCCESS", "FAILURE", "DELAY"].filter(() => prng.chance(0.4));
}

function drawParameters(prng: Prng, letter: Letter, isStranger: boolean): readonly string[] {
  const parameters: string[] = [];
  if (isEightBit(letter)) parameters.push("BODY=8BITMIME");
  if (letter.kind === "utf8") parameters.push("SMTPUTF8");
  if (prng.chance(0.2)) parameters.push(`RET=${prng.pick(["FULL", "HDRS"])}`);
  // Where the header does not tell, a report has to.
  if (isNameless(letter) || prng.chance(0.1)) parameters.push(`ENVID=${markOfLetter(letter)}`);
  if (isStranger) return parameters;
  if (prng.chance(0.1)) parameters.push(`HOLDFOR=${prng.between(1, 7200)}`);
  else if (prng.chance(0.12)) {
    parameters.push(`BY=${prng.between(60, 86_400)};${prng.pick(["R", "N", "RT", "NT"])}`);
  }
  if (prng.chance(0.1)) parameters.push(`MT-PRIORITY=${prng.between(-9, 9)}`);
  return parameters;
}

/** What a deed is, in a line of a story. */
export function describeDeed(deed: Deed): string {
  switch (deed.do) {
    case "send": {
      const { user, sender, recipients, parameters, manner } = deed.sending;
      const to = recipients.map(({ address }) => address).join(", ");
      const { kind, bytes, number } = deed.letter;
      return `${user ?? "a stranger"} gives letter ${number} (${kind}, ${bytes} bytes) from ` +
        `<${sender ?? ""}> for ${to} to ${deed.home} by ${manner.by} ${parameters.join(" ")}`;
    }
    case "read":
      return `${deed.user} reads`;
    case "addUser":
      return `${deed.user} gets an account`;
    case "removeUser":
      return `${deed.user} loses the account`;
    case "removeAlias":
      return `${deed.alias} leads nowhere any more`;
  }
}
