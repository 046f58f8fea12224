import assert from "$assert";
import { fakeIdentity } from "./fake_tls.ts";
import { fakeImap, serverSession } from "./imap_fake.ts";
import { parseTranscript, replay, replayOnSocket } from "./transcripts.ts";
import { TRANSCRIPTS } from "./transcripts/imap.ts";
import { APPEND_TRANSCRIPTS } from "./transcripts/imap_append.ts";
import { CONTEXT_TRANSCRIPTS } from "./transcripts/imap_context.ts";
import { COMPRESS_TRANSCRIPTS } from "./transcripts/imap_compress.ts";
import { CHANGE_TRANSCRIPTS } from "./transcripts/imap_changes.ts";
import { DETAIL_TRANSCRIPTS } from "./transcripts/imap_details.ts";
import { NOTIFY_TRANSCRIPTS } from "./transcripts/imap_notify.ts";
import { LOGIN_TRANSCRIPTS } from "./transcripts/imap_login.ts";
import { MAILBOX_TRANSCRIPTS } from "./transcripts/imap_mailboxes.ts";
import { MESSAGE_TRANSCRIPTS } from "./transcripts/imap_messages.ts";
import { SEARCH_TRANSCRIPTS } from "./transcripts/imap_search.ts";
import { TLS_TRANSCRIPTS } from "./transcripts/imap_tls.ts";

const IDENTITY = fakeIdentity([{ certificate: "abc.com", key: "" }]);

for (
  const [transcripts, options] of [
    [TRANSCRIPTS, {}],
    [LOGIN_TRANSCRIPTS, {}],
    [TLS_TRANSCRIPTS, { plainAuth: false, identity: IDENTITY }],
    [MAILBOX_TRANSCRIPTS, {}],
    [MESSAGE_TRANSCRIPTS, {}],
    [APPEND_TRANSCRIPTS, {}],
    [SEARCH_TRANSCRIPTS, {}],
    [CHANGE_TRANSCRIPTS, {}],
    [COMPRESS_TRANSCRIPTS, {}],
    [CONTEXT_TRANSCRIPTS, {}],
    [NOTIFY_TRANSCRIPTS, {}],
    [DETAIL_TRANSCRIPTS, {}],
  ] as const
) {
  for (const [name, text] of Object.entries(transcripts)) {
    const transcript = parseTranscript(name, text);
    const start = () => ({ session: serverSession(options), backend: fakeImap() });
    Deno.test(`imapServer follows the transcript: ${name}`, async () => {
      await replay(transcript, start);
      const isPlain = transcript.secured === null && transcript.plainLines === null;
      assert.equal(await replayOnSocket(transcript, start), isPlain);
    });
  }
}
