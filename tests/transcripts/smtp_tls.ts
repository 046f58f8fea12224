import { BOUND_BASE64 as BOUND } from "../scram_support.ts";

/**
 * Dialogues with the SMTP server about TLS, in the form of `tests/transcripts.ts`: what stands
 * behind `! tls` is said when the handshake is over. A login needs TLS here.
 */
export const TLS_TRANSCRIPTS = {
  "RFC 3207 §4: STARTTLS, then EHLO again, and a login": String.raw`
    S: 220 abc.com ESMTP ready
    C: EHLO client.example
    S: 250-abc.com at your service
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-STARTTLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    # HELP names what works just now.
    C: HELP
    S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY STARTTLS XPOP3 HELP
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 538 5.7.11 A login needs TLS here
    C: STARTTLS
    S: 220 2.0.0 Begin with TLS
    ! tls
    C: EHLO client.example
    S: 250-abc.com at your service
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-REQUIRETLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: HELP
    S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY AUTH XPOP3 HELP
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 235 2.7.0 Logged in
    C: HELP
    S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN XPOP3 HELP
    C: QUIT
    S: 221 2.0.0 abc.com says goodbye
    ! closes
  `,
  "RFC 3207 §4: STARTTLS takes no parameter, and comes once, after EHLO": String.raw`
    S: 220 abc.com ESMTP ready
    C: STARTTLS
    S: 503 5.5.1 Say EHLO first
    C: HELO client.example
    S: 250 abc.com
    C: STARTTLS
    S: 503 5.5.1 Say EHLO first
    C: EHLO client.example
    S~ ^250-abc
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-STARTTLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: STARTTLS now
    S: 501 5.5.4 STARTTLS takes no argument
    C: starttls
    S: 220 2.0.0 Begin with TLS
    ! tls
    C: STARTTLS
    S: 503 5.5.1 TLS is active already
    C: NOOP
    S: 250 2.0.0 OK
  `,
  "RFC 3207 §4.2: nothing counts that was said before, not even EHLO": String.raw`
    S: 220 abc.com ESMTP ready
    C: EHLO client.example
    S~ ^250-abc
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-STARTTLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: STARTTLS
    S: 220 2.0.0 Begin with TLS
    ! tls
    C: DATA
    S~ ^503 5.5.1
    C: MAIL FROM:<alice@abc.com>
    S: 503 5.5.1 Say EHLO first
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 503 5.5.1 Say EHLO first
    C: XPOP3
    S: 503 5.5.1 XPOP3 comes right after EHLO
  `,
  "RFC 3207 §6: what is pipelined behind STARTTLS is not obeyed": String.raw`
    S: 220 abc.com ESMTP ready
    C: EHLO client.example
    S~ ^250-abc
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-STARTTLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: STARTTLS
    C: EHLO mallory.example
    C: MAIL FROM:<mallory@abc.com>
    C: RCPT TO:<bob@xyz.com>
    C: NOOP
    S: 220 2.0.0 Begin with TLS
    ! tls
    C: RSET
    S: 250 2.0.0 OK
    C: QUIT
    S: 221 2.0.0 abc.com says goodbye
    ! closes
  `,
  "RFC 8689 §2: REQUIRETLS is for messages under TLS": String.raw`
    S: 220 abc.com ESMTP ready
    C: EHLO client.example
    S~ ^250-abc
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-STARTTLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: MAIL FROM:<alice@abc.com> REQUIRETLS
    S: 530 5.7.0 REQUIRETLS needs TLS first
    C: STARTTLS
    S: 220 2.0.0 Begin with TLS
    ! tls
    C: EHLO client.example
    S~ ^250-abc
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-REQUIRETLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: MAIL FROM:<alice@abc.com> REQUIRETLS=yes
    S: 501 5.5.4 REQUIRETLS takes no value
    C: MAIL FROM:<alice@abc.com> REQUIRETLS requiretls
    S: 501 5.5.4 A parameter is there twice
    C: MAIL FROM:<alice@abc.com> SIZE=4 REQUIRETLS
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com> REQUIRETLS
    S: 555 5.5.4 Unknown parameter
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: Hi
    C: .
    S: 250 2.0.0 Taken, 4 bytes
    # Each message for itself.
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: QUIT
    S: 221 2.0.0 abc.com says goodbye
    ! closes
  `,
} as const;

/** TLS is there from the first byte, on a port for submission. */
export const IMPLICIT_TRANSCRIPTS = {
  "RFC 8314 §3.3: implicit TLS, and a login": String.raw`
    S: 220 abc.com ESMTP ready
    C: EHLO client.example
    S~ ^250-abc
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-REQUIRETLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-FUTURERELEASE 86400 2030-01-31T12:00:00Z
    S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: MAIL FROM:<alice@abc.com>
    S: 530 5.7.0 Log in first
    C: STARTTLS
    S: 503 5.5.1 TLS is active already
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 235 2.7.0 Logged in
  `,
  "RFC 5802 §6.1: no channel is bound, and who could bind one logs in all the same": String.raw`
    S: 220 abc.com ESMTP ready
    C: EHLO client.example
    S~ ^250-abc
    S: 250-PIPELINING
    S: 250-SIZE 200
    S: 250-CHUNKING
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-ENHANCEDSTATUSCODES
    S: 250-REQUIRETLS
    S: 250-DSN
    S: 250-DELIVERBY 10
    S: 250-MT-PRIORITY
    S: 250-FUTURERELEASE 86400 2030-01-31T12:00:00Z
    S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    # Neither with the binding of TLS 1.3 nor with the certificate.
    C: AUTH SCRAM-SHA-256-PLUS ${BOUND.exporterFirst}
    S: 504 5.5.4 That mechanism is not offered
    C: AUTH SCRAM-SHA-256-PLUS ${BOUND.clientFirst}
    S: 504 5.5.4 That mechanism is not offered
    # RFC 5802 §7: "p" belongs to -PLUS.
    C: AUTH SCRAM-SHA-256 ${BOUND.clientFirst}
    S: 501 5.5.2 The response is malformed
    # "y": the client could bind the channel, and has seen no -PLUS. That is so.
    C: AUTH SCRAM-SHA-256 ${BOUND.unboundFirst}
    S: 334 ${BOUND.serverFirst}
    C: ${BOUND.unboundFinal}
    S: 334 ${BOUND.unboundServerFinal}
    # RFC 4954 §4: the signature is a challenge, and its response is empty.
    C:
    S: 235 2.7.0 Logged in
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,
} as const;
