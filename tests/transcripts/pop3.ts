/**
 * Dialogues with the POP3 server, in the form of `tests/transcripts.ts`. The mailbox holds two
 * messages.
 */
export const TRANSCRIPTS = {
  "RFC 1939 §10: reading and deleting": String.raw`
    S: +OK abc.com POP3 server ready
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: STAT
    S: +OK 2 48
    C: LIST
    S: +OK 2 messages (48 octets)
    S: 1 23
    S: 2 25
    S: .
    C: RETR 1
    S: +OK 23 octets
    S: Subject: one
    S:
    S: Hello
    S: .
    C: DELE 1
    S: +OK message 1 deleted
    C: RETR 2
    S: +OK 25 octets
    S: Subject: two
    S:
    # RFC 1939 §3: the dot at the start of a line is doubled.
    S: ..dot
    # The last line is stored without its CRLF.
    S: end
    S: .
    C: DELE 2
    S: +OK message 2 deleted
    C: QUIT
    S: +OK goodbye
    ! closes
  `,

  "RFC 1939 §4: QUIT without a login": String.raw`
    S: +OK abc.com POP3 server ready
    C: QUIT
    S: +OK goodbye
    # Nobody hears what comes behind QUIT.
    C: STAT
    ! closes
  `,

  "RFC 1939 §4: before the login": String.raw`
    S: +OK abc.com POP3 server ready
    C: STAT
    S: -ERR STAT comes after the login
    C: LIST 1
    S: -ERR LIST comes after the login
    C: RETR 1
    S: -ERR RETR comes after the login
    C: DELE 1
    S: -ERR DELE comes after the login
    C: NOOP
    S: -ERR NOOP comes after the login
    C: RSET
    S: -ERR RSET comes after the login
    C: TOP 1 1
    S: -ERR TOP comes after the login
    C: UIDL
    S: -ERR UIDL comes after the login
    C: APOP alice c4c9334bac560ecc979e58001b3e22fb
    S: -ERR unknown command
  `,

  "RFC 1939 §5: what is marked is invisible, until RSET": String.raw`
    S: +OK abc.com POP3 server ready
    C: user alice
    S: +OK now the password
    C: pass secret
    S: +OK 2 messages
    C: dele 1
    S: +OK message 1 deleted
    C: DELE 1
    S: -ERR no such message
    C: RETR 1
    S: -ERR no such message
    C: TOP 1 0
    S: -ERR no such message
    C: LIST 1
    S: -ERR no such message
    C: UIDL 1
    S: -ERR no such message
    C: STAT
    S: +OK 1 25
    C: LIST
    S: +OK 1 message (25 octets)
    S: 2 25
    S: .
    C: UIDL
    S: +OK 1 message (25 octets)
    S: 2 m2
    S: .
    C: LIST 2
    S: +OK 2 25
    C: RSET
    S: +OK 2 messages (48 octets)
    C: STAT
    S: +OK 2 48
    C: LIST 1
    S: +OK 1 23
    C: UIDL 1
    S: +OK 1 m1
    C: NOOP
    S: +OK
  `,

  "RFC 1939 §5: numbers that name nothing": String.raw`
    S: +OK abc.com POP3 server ready
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: RETR 0
    S: -ERR no such message
    C: RETR 3
    S: -ERR no such message
    C: DELE 9999999999
    S: -ERR no such message
    C: DELE 99999999999
    S: -ERR that is not a number
    C: RETR -1
    S: -ERR that is not a number
    C: RETR
    S: -ERR an argument is missing
    C: RETR 1 2
    S: -ERR too many arguments
    C: TOP 1
    S: -ERR an argument is missing
    C: STAT 1
    S: -ERR too many arguments
    C:
    S: -ERR unknown command
    C: STAT\x20
    S: +OK 2 48
  `,

  "RFC 1939 §7: TOP gives the header, the empty line and so many lines": String.raw`
    S: +OK abc.com POP3 server ready
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: TOP 2 0
    S: +OK top of message follows
    S: Subject: two
    S:
    S: .
    C: TOP 2 1
    S: +OK top of message follows
    S: Subject: two
    S:
    S: ..dot
    S: .
    C: TOP 2 4294967295
    S: +OK top of message follows
    S: Subject: two
    S:
    S: ..dot
    S: end
    S: .
  `,

  "RFC 1939 §7: PASS only immediately behind USER, and blanks in it count": String.raw`
    S: +OK abc.com POP3 server ready
    C: PASS secret
    S: -ERR USER comes first
    C: USER alice
    S: +OK now the password
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
    C: PASS secret
    S: -ERR USER comes first
    C: USER
    S: -ERR an argument is missing
    C: USER two words
    S: -ERR too many arguments
    C: PASS
    S: -ERR the argument is missing
    C: USER bob
    S: +OK now the password
    C: PASS  two  words\x20
    S: +OK 2 messages
    C: USER alice
    S: -ERR somebody is logged in already
    C: PASS secret
    S: -ERR somebody is logged in already
    C: AUTH PLAIN AGFsaWNlAHNlY3JldA==
    S: -ERR somebody is logged in already
    C: capa
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
  `,

  "RFC 3206 §5: three wrong logins and no more": String.raw`
    S: +OK abc.com POP3 server ready
    C: USER alice
    S: +OK now the password
    C: PASS wrong
    S: -ERR [AUTH] the user or the password is wrong
    C: PASS secret
    S: -ERR USER comes first
    C: USER nobody
    S: +OK now the password
    C: PASS wrong
    S: -ERR [AUTH] the user or the password is wrong
    C: AUTH PLAIN AGFsaWNlAHdyb25n
    S: -ERR [AUTH] the user or the password is wrong
    C: USER alice
    C: PASS secret
    ! closes
  `,

  "RFC 5034 §4: PLAIN with and without an initial response, cancelled, malformed": String.raw`
    S: +OK abc.com POP3 server ready
    C: AUTH
    S: +OK mechanisms follow
    S: SCRAM-SHA-256
    S: PLAIN
    S: LOGIN
    S: .
    C: AUTH CRAM-MD5
    S: -ERR there is no such mechanism here
    C: AUTH PLAIN
    S: +\x20
    C: *
    S: -ERR authentication cancelled
    C: AUTH PLAIN
    S: +\x20
    C: =AAA
    S: -ERR the response is not base64
    C: AUTH PLAIN =AAA
    S: -ERR the initial response is not base64
    C: AUTH PLAIN =
    S: -ERR the response does not fit the mechanism
    C: AUTH PLAIN
    S: +\x20
    C:
    S: -ERR the response does not fit the mechanism
    C: AUTH PLAIN AGFsaWNl AHNlY3JldA==
    S: -ERR too many arguments
    C: auth plain
    S: +\x20
    C: AGFsaWNlAHNlY3JldA==
    S: +OK 2 messages
  `,

  "RFC 5034 §4: PLAIN with an initial response": String.raw`
    S: +OK abc.com POP3 server ready
    C: AUTH PLAIN YWxpY2UAYWxpY2UAc2VjcmV0
    S: +OK 2 messages
  `,

  "RFC 4616 §2: a right login that wants to be somebody else ends the session": String.raw`
    S: +OK abc.com POP3 server ready
    C: AUTH PLAIN Ym9iAGFsaWNlAHNlY3JldA==
    S: -ERR [AUTH] that account is not yours
    C: NOOP
    ! closes
  `,

  "LOGIN asks for the name and the password": String.raw`
    S: +OK abc.com POP3 server ready
    C: AUTH LOGIN
    S: + VXNlcm5hbWU6
    C: YWxpY2U=
    S: + UGFzc3dvcmQ6
    C: c2VjcmV0
    S: +OK 2 messages
  `,

  "RFC 1939 §3: lines that break the rules, and the session goes on": String.raw`
    S: +OK abc.com POP3 server ready
    C: CAPA\n\
    S: -ERR lines end with CRLF
    C: QU\rIT
    S: -ERR a CR stands only before LF
    C: USER ali\0ce
    S: -ERR control characters are not allowed
    C: USER \xff
    S: -ERR that is not UTF-8
    C: AUTH PLAIN
    S: +\x20
    C: AGFsaWNlAHNlY3JldA==\n\
    S: -ERR lines end with CRLF
    C: XYZ
    S: -ERR unknown command
    C: QUIT
    S: +OK goodbye
    ! closes
  `,

  "HTTP: a request goes unheard": String.raw`
    S: +OK abc.com POP3 server ready
    C: POST / HTTP/1.1
    C: Host: abc.com
    C:
    C: USER alice
    C: PASS secret
    ! closes
  `,

  "RFC 1939 §3: after ten silent minutes not a word, and nothing is removed": String.raw`
    S: +OK abc.com POP3 server ready
    C: USER alice
    S: +OK now the password
    C: PASS secret
    S: +OK 2 messages
    C: DELE 1
    S: +OK message 1 deleted
    ! deadline
  `,

  "RFC 3206 §4: a server that shuts down says so": String.raw`
    S: +OK abc.com POP3 server ready
    C: USER alice
    S: +OK now the password
    S: -ERR [SYS/TEMP] the server is shutting down
    ! shutdown
  `,

  "a lost connection": String.raw`
    S: +OK abc.com POP3 server ready
    C: NOO\
    ! lost
  `,
} as const;
