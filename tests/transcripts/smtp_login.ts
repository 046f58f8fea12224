/** Dialogues with the SMTP server about logging in; see `smtp.ts`. */
import { RFC_7677_BASE64 as SCRAM } from "../scram_support.ts";
import { hello } from "./smtp.ts";

/** Logins; the user is `alice`, the password `correct horse`. */
export const LOGIN_TRANSCRIPTS = {
  "RFC 4954 §4: PLAIN with an initial response": String.raw`
    ${hello()}
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 235 2.7.0 Logged in
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 503 5.5.1 You are logged in already
    # RFC 4954 §4: EHLO does not forget the login.
    C: EHLO client.example
    S: 250-abc.com at your service
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-EXPN
    S: 250-XPOP3
    S: 250 HELP
  `,

  "RFC 5321 §3.5.2: users are told who is on a list, and strangers are not": String.raw`
    ${hello()}
    C: EXPN staff
    S: 502 5.5.1 EXPN is not done here
    C: HELP EXPN
    S: 504 5.5.4 There is no such command here; HELP lists them
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 235 2.7.0 Logged in
    C: HELP EXPN
    S: 214 2.0.0 EXPN name: tells who is on a list
    C: EXPN staff
    S: 250-2.1.5 <alice@abc.com>
    S: 250 2.1.5 <"two words"@xyz.com>
    C: EXPN nobody
    S: 550 5.1.1 There is no such list here
    C: EXPN broken
    S: 451 4.3.0 Local error, try again later
    # RFC 6531 §3.7.4.2: our replies stay in ASCII.
    C: EXPN stäff SMTPUTF8
    S: 252 2.6.8 Some members cannot be shown
    # It changes nothing about a transaction.
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: EXPN staff
    S: 250-2.1.5 <alice@abc.com>
    S: 250 2.1.5 <"two words"@xyz.com>
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
  `,

  "RFC 4954 §4: PLAIN without an initial response": String.raw`
    ${hello()}
    C: auth plain
    S: 334${" "}
    C: AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 235 2.7.0 Logged in
  `,

  "RFC 4954 §4: PLAIN with an empty initial response": String.raw`
    ${hello()}
    C: AUTH PLAIN =
    S: 501 5.5.2 The response is malformed
  `,

  "RFC 4616 §2: acting as oneself, and as somebody else": String.raw`
    ${hello()}
    # bob NUL alice NUL correct horse
    C: AUTH PLAIN Ym9iAGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 535 5.7.8 User or password is wrong
    # Alice NUL alice NUL correct horse
    C: AUTH PLAIN QWxpY2UAYWxpY2UAY29ycmVjdCBob3JzZQ==
    S: 235 2.7.0 Logged in
  `,

  "LOGIN without an initial response": String.raw`
    ${hello()}
    C: AUTH LOGIN
    S: 334 VXNlcm5hbWU6
    C: YWxpY2U=
    S: 334 UGFzc3dvcmQ6
    C: Y29ycmVjdCBob3JzZQ==
    S: 235 2.7.0 Logged in
  `,

  "LOGIN with an initial response": String.raw`
    ${hello()}
    C: AUTH LOGIN YWxpY2U=
    S: 334 UGFzc3dvcmQ6
    C: Y29ycmVjdCBob3JzZQ==
    S: 235 2.7.0 Logged in
  `,

  "RFC 7677 §3: SCRAM-SHA-256 with an initial response": String.raw`
    ${hello()}
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: 334 ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: 334 ${SCRAM.serverFinal}
    # RFC 4954 §4: the signature is a challenge, and its response is empty.
    C:
    S: 235 2.7.0 Logged in
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: 503 5.5.1 You are logged in already
  `,

  "RFC 5802 §5: SCRAM-SHA-256 without an initial response": String.raw`
    ${hello()}
    C: auth scram-sha-256
    S: 334${" "}
    C: ${SCRAM.clientFirst}
    S: 334 ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: 334 ${SCRAM.serverFinal}
    C:
    S: 235 2.7.0 Logged in
  `,

  "RFC 5802 §5: SCRAM-SHA-256 that comes to nothing": String.raw`
    ${hello()}
    # An initial response that is there and empty.
    C: AUTH SCRAM-SHA-256 =
    S: 501 5.5.2 The response is malformed
    # RFC 5802 §7: "p" asks for -PLUS, which is not offered.
    C: AUTH SCRAM-SHA-256 cD10bHMtZXhwb3J0ZXIsLG49dXNlcixyPWFiYw==
    S: 501 5.5.2 The response is malformed
    C: AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsLG49dXNlcixyPWFiYw==
    S: 504 5.5.4 That mechanism is not offered
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: 334 ${SCRAM.serverFirst}
    C: *
    S: 501 5.0.0 The login was cancelled
    # The right proof, but the client leaves before it is logged in.
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: 334 ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: 334 ${SCRAM.serverFinal}
    C: *
    S: 501 5.0.0 The login was cancelled
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: 334 ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: 334 ${SCRAM.serverFinal}
    C: AAAA
    S: 501 5.5.2 The response is malformed
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: 334 ${SCRAM.serverFirst}
    C: ${SCRAM.wrongFinal}
    S: 535 5.7.8 User or password is wrong
    C: AUTH SCRAM-SHA-256 biwsbj1icm9rZW4scj1hYmM=
    S: 454 4.7.0 Cannot check logins just now
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,

  "too many failed logins before, whatever the mechanism": String.raw`
    ${hello()}
    C: AUTH SCRAM-SHA-256 biwsbj1zbG93ZWQscj1hYmM=
    S: 454 4.7.0 Too many failed logins, try again later
    C: AUTH PLAIN AHNsb3dlZAB4
    S: 454 4.7.0 Too many failed logins, try again later
    C: AUTH LOGIN c2xvd2Vk
    S: 334 UGFzc3dvcmQ6
    C: eA==
    S: 454 4.7.0 Too many failed logins, try again later
    S: 421 4.7.0 Too many failed logins, closing
    ! closes
  `,

  "RFC 4954 §4: a login that is given up": String.raw`
    ${hello()}
    C: AUTH PLAIN
    S: 334${" "}
    C: *
    S: 501 5.0.0 The login was cancelled
    C: AUTH LOGIN YWxpY2U=
    S: 334 UGFzc3dvcmQ6
    C: *
    S: 501 5.0.0 The login was cancelled
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,

  "RFC 4954 §4: what is not right about AUTH": String.raw`
    ${hello()}
    C: AUTH
    S: 501 5.5.4 AUTH takes a mechanism and an initial response
    C: AUTH PLAIN a b
    S: 501 5.5.4 AUTH takes a mechanism and an initial response
    C: AUTH CRAM-MD5
    S: 504 5.5.4 That mechanism is not offered
    C: AUTH PLAIN !!!!
    S: 501 5.5.2 That is not base64
    C: AUTH PLAIN
    S: 334${" "}
    C: abc
    S: 501 5.5.2 That is not base64
    C: AUTH PLAIN
    S: 334${" "}
    C: =
    S: 501 5.5.2 That is not base64
    C: AUTH LOGIN
    S: 334 VXNlcm5hbWU6
    C:
    S: 334 UGFzc3dvcmQ6
    C:
    S: 501 5.5.2 The response is malformed
    C: AUTH PLAIN
    S: 334${" "}
    C: ${"A".repeat(12_288)}
    S: 500 5.5.6 Authentication line too long
    C: AUTH PLAIN
    S: 334${" "}
    C: AAAA\n\
    S: 500 5.5.2 Lines end with CRLF (nc -C)
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: AUTH PLAIN
    S: 503 5.5.1 Not within a transaction
  `,

  "a wrong password, three times": String.raw`
    ${hello()}
    C: AUTH PLAIN AGFsaWNlAHdyb25n
    S: 535 5.7.8 User or password is wrong
    C: AUTH LOGIN YWxpY2U=
    S: 334 UGFzc3dvcmQ6
    C: d3Jvbmc=
    S: 535 5.7.8 User or password is wrong
    C: AUTH PLAIN AG5vYm9keQB3cm9uZw==
    S: 535 5.7.8 User or password is wrong
    S: 421 4.7.0 Too many failed logins, closing
    ! closes
  `,

  "a client that vanishes in the middle of AUTH": String.raw`
    ${hello()}
    C: AUTH LOGIN
    S: 334 VXNlcm5hbWU6
    C: YWxpY2U=\
  `,
};

/** Where a login may not cross the connection in clear, and there is no POP3. */
export const PLAIN_TRANSCRIPTS = {
  "RFC 4954 §4: AUTH where it is not offered": String.raw`
    S: 220 abc.com ESMTP ready
    C: EHLO client.example
    S: 250-abc.com at your service
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250 HELP
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 538 5.7.11 A login needs TLS here
    C: AUTH LOGIN
    S: 538 5.7.11 A login needs TLS here
    C: XPOP3
    S: 502 5.5.1 POP3 is not served here
  `,
};

/** RFC 6409: where nothing is accepted before a login. */
export const SUBMISSION_TRANSCRIPTS = {
  "RFC 6409 §4.3: nothing before a login": String.raw`
    ${hello({ held: true })}
    C: MAIL FROM:<alice@abc.com>
    S: 530 5.7.0 Log in first
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 235 2.7.0 Logged in
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,
};
