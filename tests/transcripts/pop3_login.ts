/** Dialogues with the POP3 server about logging in by SCRAM, and in vain. */
import { RFC_7677_BASE64 as SCRAM } from "../scram_support.ts";

export const LOGIN_TRANSCRIPTS = {
  "RFC 7677 §3: SCRAM-SHA-256 with an initial response": String.raw`
    S: +OK abc.com POP3 server ready
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + ${SCRAM.serverFinal}
    # RFC 5034 §4: the signature is a challenge, and its response is empty.
    C:
    S: +OK 2 messages
    C: QUIT
    S: +OK goodbye
    ! closes
  `,

  "RFC 5802 §5: SCRAM-SHA-256 without an initial response": String.raw`
    S: +OK abc.com POP3 server ready
    C: auth scram-sha-256
    S: +${" "}
    C: ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + ${SCRAM.serverFinal}
    C:
    S: +OK 2 messages
  `,

  "RFC 5802 §5: SCRAM-SHA-256 that comes to nothing": String.raw`
    S: +OK abc.com POP3 server ready
    C: AUTH SCRAM-SHA-256 =
    S: -ERR the response does not fit the mechanism
    C: AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsLG49dXNlcixyPWFiYw==
    S: -ERR there is no such mechanism here
    # The right proof, but the client leaves before it is logged in: the mailbox is not locked.
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.clientFinal}
    S: + ${SCRAM.serverFinal}
    C: *
    S: -ERR authentication cancelled
    C: AUTH SCRAM-SHA-256 ${SCRAM.clientFirst}
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.wrongFinal}
    S: -ERR [AUTH] the user or the password is wrong
    # RFC 5802 §5.1: somebody else's mailbox, with one's own password.
    C: AUTH SCRAM-SHA-256 bixhPWJvYixuPXVzZXIscj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==
    S: + ${SCRAM.serverFirst}
    C: ${SCRAM.foreignFinal}
    S: + dj1odTQ5VG1obTNBak1EUU5wZ2VWR2J3bWpiSzVUZE05TmNGbmg0V1pOaldnPQ==
    C:
    S: -ERR [AUTH] that account is not yours
    ! closes
  `,

  "too many failed logins before": String.raw`
    S: +OK abc.com POP3 server ready
    C: AUTH SCRAM-SHA-256 biwsbj1zbG93ZWQscj1hYmM=
    S: -ERR [SYS/TEMP] too many failed logins; try again later
    C: USER slowed
    S: +OK now the password
    C: PASS x
    S: -ERR [SYS/TEMP] too many failed logins; try again later
    C: AUTH PLAIN AHNsb3dlZAB4
    S: -ERR [SYS/TEMP] too many failed logins; try again later
    ! closes
  `,
};
