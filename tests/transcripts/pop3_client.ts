/** Dialogues of the POP3 client, in the form of `tests/transcripts.ts`. */
import { RFC_7677_BASE64 as SCRAM } from "../scram_support.ts";

/** Alice's password is `secret`; nobody does the work that SCRAM needs. */
export const CLIENT_TRANSCRIPTS = {
  "RFC 5034 §4: PLAIN with the command, where it is offered": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: TOP
    S: sasl LOGIN plain
    S: .
    C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
    S: +OK
    C: QUIT
    S: +OK
    ! closes
  `,

  "RFC 1939 §7: USER and PASS, where there is no CAPA": String.raw`
    S: +OK ready
    C: CAPA
    S: -ERR what?
    C: USER alice
    S: +OK
    C: PASS secret
    S: +OK
    C: QUIT
    S: +OK
    ! closes
  `,

  "RFC 1939 §7: USER and PASS, where no mechanism is ours": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL CRAM-MD5 SCRAM-SHA-256
    S: USER
    S: .
    C: USER alice
    S: +OK
    C: PASS secret
    S: +OK
    C: QUIT
    S: +OK
    ! closes
  `,

  "LOGIN, where nothing better is offered": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL LOGIN
    S: .
    C: AUTH LOGIN
    S: + VXNlcm5hbWU6
    C: YWxpY2U=
    S: + UGFzc3dvcmQ6
    C: c2VjcmV0
    S: +OK
    C: QUIT
    S: +OK
    ! closes
  `,

  "RFC 6856 §2.1: UTF8 before the login, where it is offered": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL PLAIN
    S: UTF8 USER
    S: .
    C: UTF8
    S: +OK
    C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
    S: +OK
    C: QUIT
    S: +OK
    ! closes
  `,

  "RFC 6856 §2.1: a server that refuses UTF8 is read without it": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL PLAIN
    S: utf8
    S: .
    C: UTF8
    S: -ERR not now
    C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
    S: +OK
    C: QUIT
    S: +OK
    ! closes
  `,

  "RFC 5034 §4: a challenge too many is cancelled": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL PLAIN
    S: .
    C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
    S: +
    C: *
    S: -ERR cancelled
    C: QUIT
    ! closes
  `,

  "RFC 5034 §4: a challenge that is not base64 is cancelled": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL LOGIN
    S: .
    C: AUTH LOGIN
    S: + VXNlcm5hbWU6
    C: YWxpY2U=
    S: + Password:
    C: *
    S: -ERR cancelled
    C: QUIT
    ! closes
  `,

  "a user who is not known": String.raw`
    S: +OK ready
    C: CAPA
    S: -ERR
    C: USER alice
    S: -ERR never heard of alice
    # The password stays here.
    C: QUIT
    ! closes
  `,

  "what answers is an SMTP server": String.raw`
    S: 220 abc.com ESMTP
    ! closes
  `,

  "the server says -ERR in place of a greeting": String.raw`
    S: -ERR [SYS/TEMP] no service
    ! closes
  `,
} as const;

/** The same for `user` with the password `pencil`, whose client can do SCRAM. */
export const SCRAM_CLIENT_TRANSCRIPTS = {
  "RFC 7677 §3: SCRAM-SHA-256, where it is offered": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL LOGIN PLAIN SCRAM-SHA-256
    S: .
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + ${SCRAM.serverFinal}
    C:
    S: +OK
    C: QUIT
    S: +OK
    ! closes
  `,

  "RFC 5802 §5: a server that does not know the password": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL LOGIN PLAIN SCRAM-SHA-256
    S: .
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + dj03cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==
    C: *
    S: -ERR cancelled
    C: QUIT
    ! closes
  `,

  "RFC 5802 §5: a server that lets everybody in": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL LOGIN PLAIN SCRAM-SHA-256
    S: .
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: +OK welcome
    C: QUIT
    ! closes
  `,

  "RFC 5802 §5: a server that lets everybody in behind the proof": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL LOGIN PLAIN SCRAM-SHA-256
    S: .
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: +OK welcome
    C: QUIT
    ! closes
  `,

  "RFC 7677 §4: a server that wants too few rounds": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL LOGIN PLAIN SCRAM-SHA-256
    S: .
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.fewRounds}
    C: *
    S: -ERR cancelled
    C: QUIT
    ! closes
  `,

  "a wrong password": String.raw`
    S: +OK ready
    C: CAPA
    S: +OK
    S: SASL LOGIN PLAIN SCRAM-SHA-256
    S: .
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: -ERR [AUTH] wrong
    C: QUIT
    ! closes
  `,
} as const;
