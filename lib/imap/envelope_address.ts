/**
 * Addresses as ENVELOPE shows them (RFC 9051 §7.5.2): in four pieces, quotes undone and encoded
 * words left as they came, groups with their marks. Whatever stands in the field, a list comes out.
 */

/** RFC 9051 §9 `address`; in the marks of a group `host` is `null`. */
export interface EnvelopeAddress {
  readonly name: string | null;
  /** The source route (RFC 5322 §4.4). */
  readonly route: string | null;
  readonly mailbox: string | null;
  readonly host: string | null;
}

/** Addresses of one field: a list of all employees has some thousands. */
export const ENVELOPE_ADDRESSES_MAX = 10_000;

/** Reads the unfolded value of a field; one character for each byte. */
export function envelopeAddresses(value: string): readonly EnvelopeAddress[] {
  return new AddressReader(value).run();
}

interface Token {
  readonly is: "word" | "special" | "comment";
  readonly text: string;
  /** Whether there is a blank in front of it. */
  readonly apart: boolean;
}

/** RFC 5322 §3.2.3: what ends a word. */
const SPECIALS = '<>,:;@."()[]';
const BLANKS = " \t\r\n";
const ENDS_OF_WORDS = BLANKS + SPECIALS;

class AddressReader {
  readonly #text: string;
  #at = 0;
  readonly #found: EnvelopeAddress[] = [];
  #inGroup = false;

  constructor(text: string) {
    this.#text = text;
  }

  run(): readonly EnvelopeAddress[] {
    while (this.#at < this.#text.length && this.#found.length < ENVELOPE_ADDRESSES_MAX) {
      this.#entry();
    }
    if (this.#inGroup) this.#closeGroup();
    return this.#found;
  }

  /** One mailbox, up to its comma, or the beginning or the end of a group. */
  #entry(): void {
    const tokens: Token[] = [];
    let comment: string | null = null;
    for (;;) {
      const token = this.#token();
      if (token === null || (token.is === "special" && token.text === ",")) break;
      if (token.is === "comment") comment = token.text;
      else if (token.is === "special" && token.text === ";") {
        this.#add(tokens, comment);
        if (this.#inGroup) this.#closeGroup();
        return;
      } else if (token.is === "special" && token.text === ":" && !this.#inGroup) {
        const name = phrase(tokens);
        this.#found.push({ name: null, route: null, mailbox: name, host: null });
        this.#inGroup = true;
        return;
      } else if (token.is === "special" && token.text === "<") {
        this.#found.push(this.#angle(tokens.length === 0 ? comment : phrase(tokens)));
        this.#skipTo();
        return;
      } else tokens.push(token);
    }
    this.#add(tokens, comment);
  }

  /** A mailbox without angle brackets; its name may stand in a comment (RFC 5322 appendix A.5). */
  #add(tokens: readonly Token[], comment: string | null): void {
    if (tokens.length === 0) return;
    const at = tokens.findLastIndex(({ is, text }) => is === "special" && text === "@");
    const local = at === -1 ? tokens : tokens.slice(0, at);
    const host = at === -1 ? null : tokens.slice(at + 1);
    this.#found.push({
      name: comment,
      route: null,
      mailbox: compact(local),
      // RFC 9051 §7.5.2: NIL would make a group of it.
      host: host === null ? "" : compact(host),
    });
  }

  #angle(name: string | null): EnvelopeAddress {
    const tokens: Token[] = [];
    for (let token = this.#token(); token !== null; token = this.#token()) {
      if (token.is === "special" && token.text === ">") break;
      if (token.is !== "comment") tokens.push(token);
    }
    const colon = tokens.findIndex(({ is, text }) => is === "special" && text === ":");
    const isRoute = colon > 0 && tokens[0]!.text === "@";
    const route = isRoute ? compact(tokens.slice(0, colon)) : null;
    const path = isRoute ? tokens.slice(colon + 1) : tokens;
    const at = path.findLastIndex(({ is, text }) => is === "special" && text === "@");
    const mailbox = compact(at === -1 ? path : path.slice(0, at));
    return { name, route, mailbox, host: at === -1 ? "" : compact(path.slice(at + 1)) };
  }

  /** What stands behind the bracket is for nobody, up to the comma, or the end of the group. */
  #skipTo(): void {
    for (let token = this.#token(); token !== null; token = this.#token()) {
      if (token.is !== "special") continue;
      if (token.text === ",") return;
      if (token.text === ";" && this.#inGroup) return this.#closeGroup();
    }
  }

  #closeGroup(): void {
    this.#inGroup = false;
    this.#found.push({ name: null, route: null, mailbox: null, host: null });
  }

  #token(): Token | null {
    const text = this.#text;
    const before = this.#at;
    while (this.#at < text.length && BLANKS.includes(text[this.#at]!)) this.#at++;
    const apart = this.#at > before;
    const first = text[this.#at];
    if (first === undefined) return null;
    if (first === '"') return { is: "word", text: this.#quoted(), apart };
    if (first === "(") return { is: "comment", text: this.#comment(), apart };
    if (first === "[") return { is: "word", text: this.#literal(), apart };
    const start = this.#at++;
    if (SPECIALS.includes(first)) return { is: "special", text: first, apart };
    while (this.#at < text.length && !ENDS_OF_WORDS.includes(text[this.#at]!)) this.#at++;
    return { is: "word", text: text.slice(start, this.#at), apart };
  }

  #quoted(): string {
    let result = "";
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if (character === '"') {
        this.#at++;
        return result;
      }
      if (character === "\\" && this.#at + 1 < this.#text.length) this.#at++;
      result += this.#text[this.#at]!;
    }
    return result;
  }

  /** Comments nest (RFC 5322 §3.2.2). */
  #comment(): string {
    let result = "";
    let depth = 1;
    for (this.#at++; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if (character === "(") depth++;
      else if (character === ")" && --depth === 0) {
        this.#at++;
        return result.trim();
      } else if (character === "\\" && this.#at + 1 < this.#text.length) this.#at++;
      result += this.#text[this.#at]!;
    }
    return result.trim();
  }

  /** A domain literal keeps its brackets. */
  #literal(): string {
    const start = this.#at;
    const close = this.#text.indexOf("]", start);
    this.#at = close === -1 ? this.#text.length : close + 1;
    return this.#text.slice(start, this.#at);
  }
}

/** Words and dots, with one blank where there were some. */
function phrase(tokens: readonly Token[]): string {
  return tokens.map(({ text, apart }, at) => apart && at > 0 ? ` ${text}` : text).join("");
}

/** Everything next to each other: blanks in addresses are obsolete (RFC 5322 §4.4). */
function compact(tokens: readonly Token[]): string {
  return tokens.map(({ text }) => text).join("");
}
