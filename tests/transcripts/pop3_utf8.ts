/**
 * Dialogues with the POP3 server about UTF-8, languages (RFC 6856) and logins in a row, in the form
 * of `tests/transcripts.ts`.
 */

/** What lies in the mailbox. */
export const UTF8_MESSAGES = [
  "From: Jürgen <jürgen@bücher.example>\r\nTo: alice@abc.com\r\nSubject: Grüße\r\n" +
  "Message-ID: <ä@bücher.example>\r\n\r\nHallo ü\r\n",
  "Subject: two\r\n\r\nü\r\n",
];

export const UTF8_TRANSCRIPTS = {
  "RFC 6856 §2.1: behind UTF8, messages are sent as they are": String.raw`
    S: +OK abc.com POP3 server ready
    C: UTF8
    S: +OK headers may be in UTF-8
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: LIST 1
    S: +OK 1 124
    C: RETR 1
    S: +OK 124 octets
    S: From: Jürgen <jürgen@bücher.example>
    S: To: alice@abc.com
    S: Subject: Grüße
    S: Message-ID: <ä@bücher.example>
    S:
    S: Hallo ü
    S: .
    C: TOP 1 0
    S: +OK top of message follows
    S: From: Jürgen <jürgen@bücher.example>
    S: To: alice@abc.com
    S: Subject: Grüße
    S: Message-ID: <ä@bücher.example>
    S:
    S: .
    C: UTF8
    S: -ERR UTF8 comes before the login
    C: QUIT
    S: +OK goodbye
    ! closes
  `,

  "RFC 6856 §2.1: without UTF8, a surrogate is sent": String.raw`
    S: +OK abc.com POP3 server ready
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: RETR 1
    S: +OK 124 octets
    # RFC 6858 §2.1: nobody can answer there; who it was can be read.
    S: From: =?UTF-8?Q?J=C3=BCrgen_=3Cj=C3=BCrgen=40xn--bcher-kva=2Eexample?=
    S:  =?UTF-8?Q?=3E?= <invalid@internationalized-address.invalid>
    S: To: alice@abc.com
    S: Subject: =?UTF-8?B?R3LDvMOfZQ==?=
    S:
    # The body is as it was.
    S: Hallo ü
    S: .
    C: TOP 1 0
    S: +OK top of message follows
    S: From: =?UTF-8?Q?J=C3=BCrgen_=3Cj=C3=BCrgen=40xn--bcher-kva=2Eexample?=
    S:  =?UTF-8?Q?=3E?= <invalid@internationalized-address.invalid>
    S: To: alice@abc.com
    S: Subject: =?UTF-8?B?R3LDvMOfZQ==?=
    S:
    S: .
    C: RETR 2
    S: +OK 20 octets
    S: Subject: two
    S:
    S: ü
    S: .
  `,

  "RFC 6856 §2.1: UTF8 takes no argument, and STLS does not come behind it": String.raw`
    S: +OK abc.com POP3 server ready
    C: UTF8 USER
    S: -ERR too many arguments
    C: utf8
    S: +OK headers may be in UTF-8
    C: UTF8
    S: +OK headers may be in UTF-8
    C: STLS
    S: -ERR STLS comes before UTF8
    C: QUIT
    S: +OK goodbye
    ! closes
  `,

  "RFC 6856 §3.2: LANG in both states": String.raw`
    S: +OK abc.com POP3 server ready
    C: LANG
    S: +OK languages follow
    S: en English
    S: .
    C: LANG *
    S: +OK en it is
    C: LANG MUL
    S: -ERR no such language here
    C: LANG en_GB
    S: -ERR that is not a language
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: lang EN-gb
    S: +OK en it is
    C: LANG
    S: +OK languages follow
    S: en English
    S: .
    C: LANG uga
    S: -ERR no such language here
  `,

  "RFC 1939 §7: LANG and UTF8 part USER from PASS as well": String.raw`
    S: +OK abc.com POP3 server ready
    C: USER alice
    S: +OK now the password
    C: UTF8
    S: +OK headers may be in UTF-8
    C: PASS secret
    S: -ERR USER comes first
  `,
} as const;

/** The same where alice was here a moment ago. */
export const TOO_SOON_TRANSCRIPTS = {
  "RFC 2449 §8.1.1: a login too soon, with the right password and with a wrong one": String.raw`
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
    S: EXPIRE NEVER
    S: LOGIN-DELAY 90
    S: UTF8 USER
    S: LANG
    S: IMPLEMENTATION smtpd
    S: .
    # RFC 2449 §8.1.1: not yet, or anybody could find out who is here.
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: -ERR [LOGIN-DELAY] the last login was a moment ago; try again later
    C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
    S: -ERR [LOGIN-DELAY] the last login was a moment ago; try again later
    C: USER alice
    S: +OK now the password
    C: PASS wrong
    S: -ERR [AUTH] the user or the password is wrong
    C: QUIT
    S: +OK goodbye
    ! closes
  `,
} as const;
