/** The base subject, by which SORT and THREAD know what belongs together (RFC 5256 §2.1). */
import { decodeWords } from "../mail/words.ts";
import { collated } from "./sort.ts";

export interface BaseSubject {
  /** For comparing: as `collated` has it. */
  readonly base: string;
  /** RFC 5256 §3: whether something was taken away that only replies and forwards have. */
  readonly isReply: boolean;
}

/** Long enough for every honest subject; each round looks at all of it. */
export const SUBJECT_CHARACTERS_MAX = 1_000;

/** `subject` is the field's unfolded value. */
export function baseSubject(subject: string): BaseSubject {
  // (1)
  let text = decodeWords(subject).slice(0, SUBJECT_CHARACTERS_MAX).replace(/\s+/g, " ");
  let isReply = false;
  for (;;) {
    // (2)
    for (let cut = withoutTrailer(text); cut !== text; cut = withoutTrailer(text)) {
      isReply ||= /\(fwd\)\s*$/i.test(text);
      text = cut;
    }
    // (3) to (5)
    for (;;) {
      const leader = LEADER.exec(text);
      if (leader !== null) {
        isReply ||= leader[0].trim() !== "";
        text = text.slice(leader[0].length);
        continue;
      }
      const blob = BLOB.exec(text);
      if (blob === null || blob[0].length === text.length) break;
      text = text.slice(blob[0].length);
    }
    // (6)
    const forwarded = /^\[fwd:(.*)\]$/i.exec(text);
    if (forwarded === null) break;
    isReply = true;
    text = forwarded[1]!;
  }
  return { base: collated(text), isReply };
}

/** RFC 5256 §5 `subj-blob`: brackets with anything but brackets in them. */
const BLOB = /^\[[^[\]]*\] */;
/** `subj-leader`: blobs in front of `Re:` and the like, or a blank. */
const LEADER = /^(?:(?:\[[^[\]]*\] *)*(?:re|fwd?) *(?:\[[^[\]]*\] *)?:| )/i;

/** `subj-trailer`: `(fwd)` or a blank. */
function withoutTrailer(text: string): string {
  return text.replace(/(?:\(fwd\)| )$/i, "");
}
