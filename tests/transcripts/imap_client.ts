/** Dialogues of the IMAP client, in the form of `tests/transcripts.ts`. */
import { RFC_7677_BASE64 as SCRAM } from "../scram_support.ts";

/** Alice's password is `secret`; nobody does the work that SCRAM needs. */
export const IMAP_LOGIN_TRANSCRIPTS = {
  "RFC 4959 §3: PLAIN with the command, where it is offered in the greeting": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=LOGIN AUTH=PLAIN] ready
    C: a1 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
    S: a1 OK [CAPABILITY IMAP4rev1] welcome
    C: a2 LOGOUT
    S: * BYE see you
    S: a2 OK
    ! closes
  `,

  "RFC 9051 §6.2.2: PLAIN behind a challenge, and capabilities that are asked for": String.raw`
    S: * OK ready
    C: a1 CAPABILITY
    S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
    S: a1 OK
    C: a2 AUTHENTICATE PLAIN
    S: +
    C: AGFsaWNlAHNlY3JldA==
    S: a2 OK welcome
    C: a3 CAPABILITY
    S: * CAPABILITY IMAP4rev1
    S: a3 OK
    C: a4 LOGOUT
    S: * BYE
    S: a4 OK
    ! closes
  `,

  "IMAP4rev2 takes the initial response without saying so": String.raw`
    S: * OK [CAPABILITY IMAP4rev2 AUTH=PLAIN] ready
    C: a1 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
    S: a1 OK [CAPABILITY IMAP4rev2] welcome
    C: a2 LOGOUT
    S: a2 OK
    ! closes
  `,

  "RFC 9051 §6.2.3: LOGIN, where no mechanism is ours": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 AUTH=CRAM-MD5] ready
    C: a1 LOGIN "alice" "secret"
    S: * OK [ALERT] it is late
    S: a1 OK [CAPABILITY IMAP4rev1] welcome
    C: a2 LOGOUT
    S: a2 OK
    ! closes
  `,

  "RFC 9051 §6.2.3: LOGIN is not tried where the server says so": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready
    C: a1 LOGOUT
    ! closes
  `,

  "the mechanism LOGIN, where nothing better is offered": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=LOGIN] ready
    C: a1 AUTHENTICATE LOGIN
    S: + VXNlcm5hbWU6
    C: YWxpY2U=
    S: + UGFzc3dvcmQ6
    C: c2VjcmV0
    S: a1 OK [CAPABILITY IMAP4rev1] welcome
    C: a2 LOGOUT
    S: a2 OK
    ! closes
  `,

  "RFC 9051 §6.2.2: a challenge that is not base64 is cancelled": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 AUTH=LOGIN] ready
    C: a1 AUTHENTICATE LOGIN
    S: + VXNlcm5hbWU6
    C: YWxpY2U=
    S: + Password:
    C: *
    S: a1 BAD cancelled
    C: a2 LOGOUT
    ! closes
  `,

  "a wrong password": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready
    C: a1 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
    S: a1 NO [AUTHENTICATIONFAILED] no
    C: a2 LOGOUT
    ! closes
  `,

  "RFC 9051 §7.1.4: PREAUTH needs no login": String.raw`
    S: * PREAUTH [CAPABILITY IMAP4rev1] you are alice
    C: a1 LOGOUT
    S: a1 OK
    ! closes
  `,

  "RFC 9051 §7.1.5: BYE in place of a greeting": String.raw`
    S: * BYE [UNAVAILABLE] no service
    ! closes
  `,

  "what answers is a POP3 server": String.raw`
    S: +OK ready
    ! closes
  `,
} as const;

/** The same for `user` with the password `pencil`, whose client can do SCRAM. */
export const IMAP_SCRAM_TRANSCRIPTS = {
  "RFC 7677 §3: SCRAM-SHA-256, where it is offered": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256] ready
    C: a1 AUTHENTICATE SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + ${SCRAM.serverFinal}
    C:
    S: a1 OK [CAPABILITY IMAP4rev1] welcome
    C: a2 LOGOUT
    S: a2 OK
    ! closes
  `,

  "RFC 5802 §5: a server that does not know the password": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256] ready
    C: a1 AUTHENTICATE SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + dj03cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJzamw5NUc0PQ==
    C: *
    S: a1 BAD cancelled
    C: a2 LOGOUT
    ! closes
  `,

  "RFC 5802 §5: a server that lets everybody in": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=SCRAM-SHA-256] ready
    C: a1 AUTHENTICATE SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: a1 OK welcome
    C: a2 LOGOUT
    ! closes
  `,
} as const;

/** With TLS where it is offered, or else none. */
export const IMAP_TLS_TRANSCRIPTS = {
  "RFC 9051 §6.2.1: STARTTLS, and what was told in clear is forgotten": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 STARTTLS SASL-IR AUTH=PLAIN] ready
    C: a1 STARTTLS
    S: a1 OK begin
    # Said by whomever, in clear: it must not count.
    S: * CAPABILITY IMAP4rev1 AUTH=LOGIN
    ! tls
    C: a2 CAPABILITY
    S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN
    S: a2 OK
    C: a3 AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==
    S: a3 OK [CAPABILITY IMAP4rev1] welcome
    C: a4 LOGOUT
    S: a4 OK
    ! closes
  `,

  "no TLS is offered": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready
    C: a1 LOGOUT
    ! closes
  `,

  "TLS is offered and refused": String.raw`
    S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready
    C: a1 STARTTLS
    S: a1 NO not now
    C: a2 LOGOUT
    ! closes
  `,

  "RFC 9051 §6.2.1: PREAUTH leaves no room for STARTTLS": String.raw`
    S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] you are alice
    C: a1 LOGOUT
    ! closes
  `,
} as const;
