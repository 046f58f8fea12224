/** What POP3 says about how long mail is kept, where that is not for ever. */

/** On a server that keeps mail for 30 days. */
export const EXPIRE_TRANSCRIPTS = {
  "RFC 2449 §6.7: EXPIRE tells the days, the same in both states": String.raw`
    S: +OK abc.com POP3 server ready
    C: CAPA
    S: +OK capabilities follow
    S: USER
    S: SASL SCRAM-SHA-256 PLAIN LOGIN
    S: TOP
    S: UIDL
    S: PIPELINING
    S: RESP-CODES
    S: AUTH-RESP-CODE
    S: EXPIRE 30
    S: UTF8 USER
    S: LANG
    S: IMPLEMENTATION smtpd
    S: .
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: CAPA
    S: +OK capabilities follow
    S: USER
    S: SASL SCRAM-SHA-256 PLAIN LOGIN
    S: TOP
    S: UIDL
    S: PIPELINING
    S: RESP-CODES
    S: AUTH-RESP-CODE
    S: EXPIRE 30
    S: UTF8 USER
    S: LANG
    S: IMPLEMENTATION smtpd
    S: .
  `,
};

/** On a server that keeps so many messages, however old they are. */
export const UNKNOWN_EXPIRE_TRANSCRIPTS = {
  "RFC 2449 §6.7: no number of days is told where none is sure": String.raw`
    S: +OK abc.com POP3 server ready
    C: CAPA
    S: +OK capabilities follow
    S: USER
    S: SASL SCRAM-SHA-256 PLAIN LOGIN
    S: TOP
    S: UIDL
    S: PIPELINING
    S: RESP-CODES
    S: AUTH-RESP-CODE
    S: UTF8 USER
    S: LANG
    S: IMPLEMENTATION smtpd
    S: .
  `,
};
