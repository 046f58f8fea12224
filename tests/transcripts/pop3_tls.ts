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
    S: SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN
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
  "RFC 5802 §6: SCRAM-SHA-256-PLUS binds the login to the channel": String.raw`
    S: +OK abc.com POP3 server ready
    C: STLS
    S: +OK begin with TLS
    ! tls
    # The right password, and the certificate of somebody else.
    C: AUTH SCRAM-SHA-256-PLUS ${BOUND.clientFirst}
    S: + ${BOUND.serverFirst}
    C: ${BOUND.otherFinal}
    S: -ERR [AUTH] the user or the password is wrong
    # "y": somebody has taken -PLUS out of the reply to CAPA.
    C: AUTH SCRAM-SHA-256 ${BOUND.unboundFirst}
    S: -ERR [AUTH] the user or the password is wrong
    C: AUTH SCRAM-SHA-256-PLUS ${BOUND.clientFirst}
    S: + ${BOUND.serverFirst}
    C: ${BOUND.clientFinal}
    S: + ${BOUND.serverFinal}
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
