/** How clients log in to the IMAP server. */
import { STRANGER, USER } from "./imap.ts";
import { RFC_7677_BASE64 as SCRAM } from "../scram_support.ts";

export const LOGIN_TRANSCRIPTS = {
  "RFC 9051 §6.2.3: LOGIN": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 LOGIN alice wrong
    S: a1 NO [AUTHENTICATIONFAILED] the user or the password is wrong
    C: a2 LOGIN "alice" "secret"
    S: a2 OK [${USER}] logged in
  `,

  "RFC 5530 §3: three wrong logins and no more": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 LOGIN alice wrong
    S: a1 NO [AUTHENTICATIONFAILED] the user or the password is wrong
    C: a2 LOGIN nobody wrong
    S: a2 NO [AUTHENTICATIONFAILED] the user or the password is wrong
    C: a3 LOGIN slowed secret
    S: * BYE too many failed logins
    S: a3 NO [UNAVAILABLE] too many failed logins; try again later
    C: a4 LOGIN alice secret
    ! closes
  `,

  "RFC 4616: AUTHENTICATE PLAIN, asked and at once": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 AUTHENTICATE PLAIN
    S: +${" "}
    C: *
    S: a1 BAD authentication cancelled
    C: a2 AUTHENTICATE PLAIN
    S: +${" "}
    C: nonsense!
    S: a2 BAD the response is not base64
    C: a3 AUTHENTICATE PLAIN
    S: +${" "}
    C: AGFsaWNlAHdyb25n
    S: a3 NO [AUTHENTICATIONFAILED] the user or the password is wrong
    C: a4 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
    S: a4 OK [${USER}] logged in
  `,

  "RFC 4959: an initial response": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 AUTHENTICATE PLAIN =
    S: a1 BAD the response does not fit the mechanism
    C: a2 AUTHENTICATE CRAM-MD5
    S: a2 NO there is no such mechanism here
    C: a3 AUTHENTICATE LOGIN YWxpY2U=
    S: + UGFzc3dvcmQ6
    C: c2VjcmV0
    S: a3 OK [${USER}] logged in
  `,

  "RFC 5802: SCRAM-SHA-256": String.raw`
    S: * OK [${STRANGER}] abc.com IMAP server ready
    C: a1 AUTHENTICATE SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + ${SCRAM.serverFinal}
    C:
    S: a1 OK [${USER}] logged in
  `,
};
