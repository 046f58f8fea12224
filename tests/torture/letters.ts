/** The mail of the torture: made from a number, so that whoever reads it knows each byte of it. */

export type Side = "abc" | "xyz";

/** One message, as a client hands it over to the server of a side. */
export interface Letter {
  readonly number: number;
  readonly to: Side;
  /** The account that logs in; `null` for a stranger. */
  readonly user: string | null;
  readonly from: string;
  readonly recipients: readonly string[];
  /** Lines with CRLF; each character is a byte. */
  readonly content: string;
  /** By BDAT (RFC 3030), else by DATA. */
  readonly chunked: boolean;
}

export const ALICE = "alice@abc.com";
export const BOB = "bob@xyz.com";
/** Whom both servers refuse when they are asked, and report when they could not be. */
export const NOBODIES: readonly string[] = ["nobody@abc.com", "nobody@xyz.com"];
export const PASSWORD = "secret";

type Kind = Pick<Letter, "to" | "user" | "from" | "recipients">;

const TO_BOB: Kind = { to: "abc", user: ALICE, from: ALICE, recipients: [BOB] };
const TO_ALICE: Kind = { to: "xyz", user: BOB, from: BOB, recipients: [ALICE] };
const KINDS: readonly Kind[] = [
  TO_BOB,
  TO_ALICE,
  TO_BOB,
  TO_ALICE,
  { to: "abc", user: null, from: "carol@elsewhere.test", recipients: [ALICE] },
  { to: "abc", user: ALICE, from: ALICE, recipients: [BOB, ALICE, "nobody@xyz.com"] },
  { to: "xyz", user: BOB, from: BOB, recipients: ["nobody@abc.com", ALICE] },
];

/** Mostly small, as mail is, and some that take several writes. */
const SIZES: readonly number[] = [0, 300, 900, 2_000, 4_000, 9_000, 70_000, 200_000];

export function letterOf(number: number): Letter {
  const kind = KINDS[number % KINDS.length]!;
  const round = Math.floor(number / KINDS.length);
  const size = SIZES[round % SIZES.length]!;
  return { number, ...kind, content: contentOf(number, kind, size), chunked: round % 3 === 0 };
}

/** Numbers, none of which comes twice, of letters of one kind after the other. */
export function createNumbers(): { kind(): number; next(kind: number): number } {
  let kinds = 0;
  let rounds = 0;
  return {
    kind: () => kinds++ % KINDS.length,
    next: (kind) => rounds++ * KINDS.length + kind,
  };
}

function contentOf(number: number, { from, recipients }: Kind, size: number): string {
  const lines = [
    `From: ${from}`,
    `To: ${recipients.join(", ")}`,
    "Date: Thu, 1 Jan 2026 00:00:00 +0000",
    `Message-ID: <torture-${number}@client.test>`,
    `Subject: torture ${number}`,
    "",
    // What a reader or writer of lines may stumble over: dots in front, bytes above 127.
    ".",
    "..",
    `.${number}`,
    "caf\xe9",
  ];
  let left = size;
  for (let at = 0; left > 0; at++) {
    const line = `${number} ${at} `.padEnd(Math.min(left, 900), "0123456789 ").trimEnd();
    lines.push(line);
    left -= line.length + 2;
  }
  return lines.map((line) => `${line}\r\n`).join("");
}

/** The number of a letter, from its own Message-ID or from one that a report quotes. */
export function numberIn(text: string): number | null {
  const found = /^Message-ID: <torture-(\d+)@client\.test>/m.exec(text);
  return found === null ? null : Number(found[1]);
}
