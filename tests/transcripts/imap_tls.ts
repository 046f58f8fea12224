/** The IMAP server where no password may be sent in clear. */
import { CLEAR, SECURED, USER } from "./imap.ts";

export const TLS_TRANSCRIPTS = {
  "RFC 9051 §11.1: no password in clear": String.raw`
    S: * OK [${CLEAR}] abc.com IMAP server ready
    C: a1 CAPABILITY
    S: * ${CLEAR}
    S: a1 OK that is all
    C: a2 LOGIN alice secret
    S: a2 NO [PRIVACYREQUIRED] no login without TLS
    C: a3 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
    S: a3 NO [PRIVACYREQUIRED] no login without TLS
  `,

  "RFC 9051 §6.2.1: STARTTLS, and nothing that was said before counts": String.raw`
    S: * OK [${CLEAR}] abc.com IMAP server ready
    C: a1 STARTTLS
    S: a1 OK begin with TLS
    C: a2 NOOP
    ! tls
    C: a3 CAPABILITY
    S: * ${SECURED}
    S: a3 OK that is all
    C: a4 STARTTLS
    S: a4 BAD TLS is active already
    C: a5 LOGIN alice secret
    S: a5 OK [${USER}] logged in
  `,
};
