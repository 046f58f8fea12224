import { BOUND_BASE64 as BOUND } from "../scram_support.ts";

/**
 * Dialogues with the POP3 server about TLS, in the form of `tests/transcripts.ts`. A login needs
 * TLS here; the mailbox is as in `tests/pop3_support.ts`.
 */
export const TLS_TRANSCRIPTS = {
  "RFC 2595 §4: STLS, then CAPA again, and a login": String.raw`
    S: +OK abc.com POP3 server ready
    C: CAPA
    S: +OK capabilities follow
    S: STLS
    S: TOP
    S: UIDL
    S: PIPELINING
    S: RESP-CODES
    S: AUTH-RESP-CODE
    S: EXPIRE NEVER
    S: UTF8 USER
    S: LANG
    S: IMPLEMENTATION smtpd
    S: .
    C: USER alice
    S: -ERR [SYS/PERM] no login without TLS
    C: STLS
    S: +OK begin with TLS
    ! tls
    C: CAPA
    S: +OK capabilities follow
    S: USER
    S: SASL SCRAM-SHA-256 PLAIN LOGIN
    S: TOP
    S: UIDL
    S: PIPELINING
    S: RESP-CODES
    S: AUTH-RESP-CODE
    S: EXPIRE NEVER
    S: UTF8 USER
    S: LANG
    S: IMPLEMENTATION smtpd
    S: .
    C: STLS
    S: -ERR TLS is active already
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: STLS
    S: -ERR STLS comes before the login
    C: QUIT
    S: +OK goodbye
    ! closes
  `,
  "RFC 5802 §6.1: no channel is bound, and who could bind one logs in all the same": String.raw`
    S: +OK abc.com POP3 server ready
    C: STLS
    S: +OK begin with TLS
    ! tls
    C: AUTH
    S: +OK mechanisms follow
    S: SCRAM-SHA-256
    S: PLAIN
    S: LOGIN
    S: .
    # Neither with the binding of TLS 1.3 nor with the certificate.
    C: AUTH SCRAM-SHA-256-PLUS ${BOUND.exporterFirst}
    S: -ERR there is no such mechanism here
    C: AUTH SCRAM-SHA-256-PLUS ${BOUND.clientFirst}
    S: -ERR there is no such mechanism here
    # "y": the client could bind the channel, and has seen no -PLUS. That is so.
    C: AUTH SCRAM-SHA-256 ${BOUND.unboundFirst}
    S: + ${BOUND.serverFirst}
    C: ${BOUND.unboundFinal}
    S: + ${BOUND.unboundServerFinal}
    C:
    S: +OK 2 messages
  `,
  "RFC 2595 §4: STLS takes no argument, and what is pipelined behind it is not obeyed": String.raw`
    S: +OK abc.com POP3 server ready
    C: STLS now
    S: -ERR too many arguments
    C: STLS
    C: USER alice
    C: PASS secret
    C: DELE 1
    S: +OK begin with TLS
    ! tls
    C: PASS secret
    S: -ERR USER comes first
    C: QUIT
    S: +OK goodbye
    ! closes
  `,
} as const;
