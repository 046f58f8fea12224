/**
 * The one place that knows nodemailer's composer. It is large: import this file with `import()`.
 */
import { Buffer } from "node:buffer";
import MailComposer from "$composer";
import { concat } from "../wire/bytes.ts";
import type { Attachment } from "./draft.ts";
import { withoutControls } from "./field.ts";
import { parseHeader, removeFields } from "./header.ts";

/** What a multipart/mixed message is made of. */
export interface Mixed {
  /** Any line ends. */
  readonly text: string;
  readonly attachments: readonly Attachment[];
  /**
   * Letters and digits that occur in no other message, to tell the parts' boundaries from content.
   */
  readonly boundary: string;
}

/**
 * The MIME fields, the empty line and the body of a multipart/mixed message. The fields of the
 * message itself are ours (`compose.ts`), so that they are written in one way.
 */
export async function composeMixed({ text, attachments, boundary }: Mixed): Promise<Uint8Array> {
  const composer = new MailComposer({
    text,
    attachments: attachments.map(({ filename, content, contentType }) => ({
      filename: withoutControls(filename),
      content: Buffer.from(content),
      contentType: contentType === undefined ? undefined : withoutControls(contentType),
    })),
    baseBoundary: boundary,
    newline: "\r\n",
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const built = await composer.compile().build();
  const header = parseHeader(built);
  // The library insists on these two, from its own clock and dice.
  const fields = removeFields(header, ["Date", "Message-ID"]);
  return concat([fields, built.subarray(header.end)]);
}
