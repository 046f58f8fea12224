/** The URLs of CATENATE (RFC 4469 §3, RFC 5092): a message of this server, or a section of one. */
import { ImapError } from "./error.ts";
import { parseSection, type Section } from "./fetch_command.ts";
import { canonical } from "./mailbox_name.ts";
import { Reader } from "./parse.ts";

export interface MessageUrl {
  /** `null`: the one that is open. */
  readonly mailbox: string | null;
  readonly uidValidity: number | null;
  readonly uid: number;
  readonly section: Section;
}

/** RFC 5092 §11: the mailbox with its UIDVALIDITY, the UID, the section. */
const URL_PARTS = new RegExp(
  "^(?:/([^;]*?)(?:;UIDVALIDITY=([1-9][0-9]{0,9}))?)?" +
    "/;UID=([1-9][0-9]{0,9})(?:/?;SECTION=([^;]+))?$",
  "i",
);
const WHOLE: Section = { part: [], of: { kind: "all" } };

/** `/Drafts;UIDVALIDITY=1/;UID=20/;SECTION=1.2`; `null` for anything else. */
export function parseUrl(url: string): MessageUrl | null {
  const found = URL_PARTS.exec(url);
  if (found === null) return null;
  const [, encoded, uidValidity, uid, named] = found;
  const mailbox = encoded === undefined ? "" : decoded(encoded);
  const section = named === undefined ? WHOLE : sectionIn(decoded(named) ?? "");
  if (mailbox === null || section === null) return null;
  return {
    mailbox: mailbox === "" ? null : canonical(mailbox),
    uidValidity: uidValidity === undefined ? null : Number(uidValidity),
    uid: Number(uid),
    section,
  };
}

/** RFC 5092 §11 `isection`: what stands between the brackets of BODY[…]. */
function sectionIn(text: string): Section | null {
  const reader = new Reader({ texts: [`[${text}]`], literals: [] });
  try {
    const section = parseSection(reader);
    reader.end();
    return text === "" ? null : section;
  } catch (error) {
    if (!(error instanceof ImapError)) throw error;
    return null; // another kind of section, which is what null says
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // no UTF-8 behind the percent signs
  }
}
