/** What an IMAP server says, read by a small parser of the simulation's own (RFC 9051 §9). */
import type { Talk } from "./talk.ts";

/** One response, with what the simulated readers have to know of it. */
export type Response =
  | { readonly is: "exists" | "expunge"; readonly number: number }
  | { readonly is: "vanished"; readonly earlier: boolean; readonly uids: readonly number[] }
  | { readonly is: "fetch"; readonly number: number; readonly items: FetchedItems }
  /** An untagged OK, NO or BAD, like `OK [UIDNEXT 4] …`. */
  | { readonly is: "status"; readonly code: Code | null }
  | { readonly is: "list"; readonly mailbox: string }
  | { readonly is: "bye" }
  | { readonly is: "go" } // `+ …`
  | { readonly is: "other" }
  | {
    readonly is: "tagged";
    readonly tag: string;
    readonly condition: string;
    readonly code: Code | null;
  };

/** A response code: `[COPYUID 1 2:3 4:5]`. */
export interface Code {
  readonly name: string;
  readonly words: readonly string[];
}

/** What a FETCH response tells; `null`: not this. */
export interface FetchedItems {
  readonly uid: number | null;
  /** Without \Recent, which belongs to the session (RFC 3501 §2.3.2). */
  readonly flags: readonly string[] | null;
  readonly modSeq: number | null;
  readonly emailId: string | null;
  /** The whole message, each character a byte. */
  readonly content: string | null;
}

/** The next response; `null` when the connection is lost. */
export async function hearResponse(talk: Talk): Promise<Response | null> {
  const texts: string[] = [];
  const literals: string[] = [];
  for (;;) {
    const line = await talk.line();
    if (line === null) return null;
    texts.push(line);
    const size = /\{(\d+)\}$/.exec(line)?.[1];
    if (size === undefined) return responseOf(texts, literals);
    const octets = await talk.octets(Number(size));
    if (octets === null) return null;
    literals.push(octets);
  }
}

/** The numbers of a set like `1:3,7`; only what a server says, so without `*`. */
export function numbersOf(set: string): readonly number[] {
  return set.split(",").flatMap((range) => {
    const [from, to = from] = range.split(":").map(Number);
    return Array.from({ length: to! - from! + 1 }, (_, at) => from! + at);
  });
}

function responseOf(texts: readonly string[], literals: readonly string[]): Response {
  const [first = ""] = texts;
  if (first.startsWith("+")) return { is: "go" };
  const [, tag = "", rest = ""] = /^(\S+) (.*)$/.exec(first) ?? [];
  const [word = ""] = rest.split(" ", 1);
  if (tag !== "*") return { is: "tagged", tag, condition: word, code: codeIn(rest) };
  if (/^\d+$/.test(word)) return aboutNumber(Number(word), { rest, texts, literals });
  switch (word) {
    case "OK":
    case "NO":
    case "BAD":
      return { is: "status", code: codeIn(rest) };
    case "BYE":
      return { is: "bye" };
    case "VANISHED": {
      const earlier = rest.includes("(EARLIER)");
      return { is: "vanished", earlier, uids: numbersOf(rest.slice(rest.lastIndexOf(" ") + 1)) };
    }
    case "LIST":
      return { is: "list", mailbox: rest.slice(rest.lastIndexOf(" ") + 1).replaceAll('"', "") };
    default:
      return { is: "other" };
  }
}

function aboutNumber(
  number: number,
  { rest, texts, literals }: {
    readonly rest: string;
    readonly texts: readonly string[];
    readonly literals: readonly string[];
  },
): Response {
  const what = rest.split(" ")[1];
  if (what === "EXISTS") return { is: "exists", number };
  if (what === "EXPUNGE") return { is: "expunge", number };
  if (what !== "FETCH") return { is: "other" };
  return { is: "fetch", number, items: itemsOf(texts.join(""), literals) };
}

/** Flags, numbers and ids hold no parentheses and quotes, so what they are in is found by name. */
function itemsOf(text: string, literals: readonly string[]): FetchedItems {
  const number = (found: RegExpExecArray | null) => found === null ? null : Number(found[1]);
  const flags = /[( ]FLAGS \(([^)]*)\)/.exec(text)?.[1];
  return {
    uid: number(/[( ]UID (\d+)/.exec(text)),
    flags: flags?.split(" ").filter((each) => each !== "" && each !== "\\Recent") ?? null,
    modSeq: number(/[( ]MODSEQ \((\d+)\)/.exec(text)),
    emailId: /[( ]EMAILID \(([^)]*)\)/.exec(text)?.[1] ?? null,
    content: /[( ]BODY\[\] /.test(text) ? literals[0] ?? "" : null,
  };
}

function codeIn(rest: string): Code | null {
  const inside = /^\S+ \[([^\]]*)\]/.exec(rest)?.[1];
  if (inside === undefined) return null;
  const [name = "", ...words] = inside.split(" ");
  return { name, words };
}
