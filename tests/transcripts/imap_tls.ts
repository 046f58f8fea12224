/** The IMAP server where no password may be sent in clear. */
import { BOUND_BASE64 as BOUND, RFC_7677_BASE64 as SCRAM } from "../scram_support.ts";
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

  "RFC 5802 §6: SCRAM-SHA-256-PLUS binds the login to the channel": String.raw`
    ${secured()}
    C: a2 AUTHENTICATE SCRAM-SHA-256-PLUS ${BOUND.clientFirst}
    S: + ${BOUND.serverFirst}
    C: ${BOUND.clientFinal}
    S: + ${BOUND.serverFinal}
    C:
    S: a2 OK [${USER}] logged in
  `,

  "RFC 5802 §6: whoever stands in between is noticed": String.raw`
    ${secured()}
    # "n" and "y" do not belong to -PLUS, nor "p" to anything else.
    C: a2 AUTHENTICATE SCRAM-SHA-256-PLUS ${SCRAM.clientFirst}
    S: a2 BAD the response does not fit the mechanism
    C: a3 AUTHENTICATE SCRAM-SHA-256-PLUS ${BOUND.unboundFirst}
    S: a3 BAD the response does not fit the mechanism
    C: a4 AUTHENTICATE SCRAM-SHA-256 ${BOUND.clientFirst}
    S: a4 BAD the response does not fit the mechanism
    # The right password, and the certificate of somebody else.
    C: a5 AUTHENTICATE SCRAM-SHA-256-PLUS ${BOUND.clientFirst}
    S: + ${BOUND.serverFirst}
    C: ${BOUND.otherFinal}
    S: a5 NO [AUTHENTICATIONFAILED] the user or the password is wrong
    # "y": the client has seen no -PLUS, so somebody has taken it out of the capabilities.
    C: a6 AUTHENTICATE SCRAM-SHA-256 ${BOUND.unboundFirst}
    S: a6 NO [AUTHENTICATIONFAILED] the user or the password is wrong
  `,

  "RFC 5802 §6: who binds otherwise, or cannot, goes on to the next mechanism": String.raw`
    ${secured()}
    # The binding of TLS 1.3, which is not there.
    C: a2 AUTHENTICATE SCRAM-SHA-256-PLUS ${BOUND.exporterFirst}
    S: a2 NO [AUTHENTICATIONFAILED] the user or the password is wrong
    C: a3 AUTHENTICATE SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + ${SCRAM.serverFinal}
    C:
    S: a3 OK [${USER}] logged in
  `,
};

/** How these begin: under TLS, where everything is announced. */
function secured(): string {
  return String.raw`S: * OK [${CLEAR}] abc.com IMAP server ready
    C: a1 STARTTLS
    S: a1 OK begin with TLS
    ! tls`;
}
