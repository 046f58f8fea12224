/** The IMAP server and DEFLATE; `tests/net_deflate_test.ts` says the same compressed. */
import { LOGGED_IN, STRANGER } from "./imap.ts";

export const COMPRESS_TRANSCRIPTS = {
  "RFC 4978 §3: COMPRESS, once": String.raw`
    ${LOGGED_IN}
    C: a2 COMPRESS DEFLATE
    S: a2 OK DEFLATE is active
    ! deflate
    C: a3 NOOP
    S: a3 OK nothing was done
    C: a4 compress deflate
    S: a4 NO [COMPRESSIONACTIVE] DEFLATE is active already
    C: a5 LOGOUT
    S: * BYE goodbye
    S: a5 OK logged out
    ! closes
  `,

  "RFC 4978 §5: COMPRESS as it has to be said, and when": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 COMPRESS DEFLATE
    S: a1 BAD log in first
    C: a2 COMPRESS GZIP
    S: a2 BAD DEFLATE is what there is
    C: a3 COMPRESS
    S: a3 BAD a space is missing
  `,
};
