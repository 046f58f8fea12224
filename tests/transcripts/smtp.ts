/**
 * Dialogues with the SMTP server, in the form of `tests/transcripts.ts`. What `nobody`, `later`,
 * `broken` and `full` stand for is said in `tests/smtp_support.ts`; a message has at most 200 bytes
 * and three recipients.
 */
export const TRANSCRIPTS = {
  "RFC 5321 §3.3: a mail transaction": String.raw`
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
    S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: RCPT TO:<nobody@xyz.com>
    S: 550 5.1.1 Recipient refused
    C: RCPT TO:<later@xyz.com>
    S: 450 4.2.1 Recipient put off
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: Subject: hello
    C:
    C: Hello
    C: ..
    C: ...dots
    C: .
    S: 250 2.0.0 Taken, 36 bytes
    # The transaction is over; the next one begins anew.
    C: RCPT TO:<bob@xyz.com>
    S: 503 5.5.1 Say MAIL first
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: QUIT
    S: 221 2.0.0 abc.com says goodbye
    # Nobody hears what comes behind QUIT.
    C: NOOP
    ! closes
  `,

  "RFC 5321 §4.1.1.1: after HELO there are no extensions": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    C: MAIL FROM:<alice@abc.com> SIZE=5
    S: 555 5.5.4 Unknown parameter
    C: MAIL FROM:<alice@abc.com> BODY=8BITMIME
    S: 555 5.5.4 Unknown parameter
    C: AUTH PLAIN
    S: 503 5.5.1 Say EHLO first
    C: XPOP3
    S: 503 5.5.1 XPOP3 comes right after EHLO
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: .
    S: 250 2.0.0 Taken, 0 bytes
  `,

  "RFC 5321 §4.1.4: the order of commands": String.raw`
    S: 220 abc.com ESMTP ready
    C: MAIL FROM:<alice@abc.com>
    S: 503 5.5.1 Say EHLO first
    C: RCPT TO:<bob@xyz.com>
    S: 503 5.5.1 Say MAIL first
    C: DATA
    S: 503 5.5.1 Say MAIL and RCPT first
    C: AUTH PLAIN
    S: 503 5.5.1 Say EHLO first
    C: XPOP3
    S: 503 5.5.1 XPOP3 comes right after EHLO
    # These need no greeting.
    C: NOOP
    S: 250 2.0.0 OK
    C: RSET
    S: 250 2.0.0 OK
    C: VRFY bob
    S: 252 2.0.0 Cannot say, but will take mail and try to deliver it
    C: HELP
    S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY AUTH XPOP3 HELP
    C: HELO client.example
    S: 250 abc.com
    C: DATA
    S: 503 5.5.1 Say MAIL and RCPT first
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: MAIL FROM:<alice@abc.com>
    S: 503 5.5.1 A sender is given already
    C: DATA
    S: 554 5.5.1 No valid recipients
    C: RCPT TO:<nobody@xyz.com>
    S: 550 5.1.1 Recipient refused
    C: DATA
    S: 554 5.5.1 No valid recipients
    # RFC 5321 §4.1.1.2: a refused DATA leaves the transaction open.
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: RSET
    S: 250 2.0.0 OK
    C: RCPT TO:<bob@xyz.com>
    S: 503 5.5.1 Say MAIL first
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: HELO again.example
    S: 250 abc.com
    C: RCPT TO:<bob@xyz.com>
    S: 503 5.5.1 Say MAIL first
  `,

  "RFC 5321 §4.1.4: EHLO in the middle of a transaction ends it": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
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
    S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
    C: RCPT TO:<bob@xyz.com>
    S: 503 5.5.1 Say MAIL first
  `,

  "RFC 5321 §4.2.4: what is no command, or has no such argument": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELLO client.example
    S: 500 5.5.1 Unknown command
    C:
    S: 500 5.5.1 Unknown command
    C: EHLO
    S: 501 5.5.4 Say who you are: EHLO your.host.name
    C: HELO two names
    S: 501 5.5.4 That is not a host name
    C: DATA now
    S: 501 5.5.4 DATA takes no argument
    C: RSET now
    S: 501 5.5.4 RSET takes no argument
    C: QUIT now
    S: 501 5.5.4 QUIT takes no argument
    C: VRFY
    S: 501 5.5.4 VRFY needs an argument
    C: EXPN
    S: 501 5.5.4 EXPN needs an argument
    C: EXPN staff
    S: 502 5.5.1 EXPN is not done here
    C: STARTTLS
    S: 502 5.5.1 TLS is not offered here
    C: BURL imap://abc.com/x LAST
    S: 500 5.5.1 Unknown command
    # RFC 5321 §4.1.1: case and trailing blanks do not matter.
    C: nOoP and some text
    S: 250 2.0.0 OK
    C: help${"  "}
    S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY AUTH XPOP3 HELP
    C: help rcpt
    S: 214 2.0.0 RCPT TO:<them@their.domain>: names a recipient; once for each
    C: HELP me
    S: 504 5.5.4 There is no such command here; HELP lists them
    # What is not done, or not here, is not promised.
    C: HELP EXPN
    S: 504 5.5.4 There is no such command here; HELP lists them
    C: HELP starttls
    S: 504 5.5.4 There is no such command here; HELP lists them
    C: quit${" "}
    S: 221 2.0.0 abc.com says goodbye
    ! closes
  `,

  "RFC 5321 §4.1.2: paths and parameters": String.raw`
    ${hello()}
    C: MAIL alice@abc.com
    S: 501 5.5.4 FROM:<address> is missing
    C: MAIL FROM:alice@abc.com
    S: 501 5.5.4 The address belongs in angle brackets
    C: MAIL FROM:<alice>
    S~ ^501 5\.1\.7 
    C: MAIL FROM:<alice@abc.com>SIZE=5
    S: 501 5.5.4 A blank is missing behind the address
    C: MAIL FROM:<alice@abc.com> SIZE
    S: 501 5.5.4 SIZE is not a number
    C: MAIL FROM:<alice@abc.com> SIZE=5 size=6
    S: 501 5.5.4 A parameter is there twice
    C: MAIL FROM:<alice@abc.com> SIZE=201
    S: 552 5.3.4 The message is larger than this server takes
    C: MAIL FROM:<alice@abc.com> SIZE=99999999999999999999
    S: 552 5.3.4 The message is larger than this server takes
    C: MAIL FROM:<alice@abc.com> BODY=BINARYMIME
    S: 501 5.5.4 BODY is neither 7BIT nor 8BITMIME
    C: MAIL FROM:<alice@abc.com> MT-UNHEARD=1
    S: 555 5.5.4 Unknown parameter
    C: mail from: <> body=8bitmime size=200 auth=<>
    S: 250 2.1.0 Sender OK
    C: RCPT bob@xyz.com
    S: 501 5.5.4 TO:<address> is missing
    C: RCPT TO:<>
    S: 501 5.1.3 No recipient there
    C: RCPT TO:<bob@>
    S~ ^501 5\.1\.3 
    C: RCPT TO:<bob@xyz.com> MT-UNHEARD=1
    S: 555 5.5.4 Unknown parameter
    C: RCPT TO:<@one.example,@two.example:bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: RCPT TO:<Postmaster>
    S: 250 2.1.0 Recipient OK
  `,

  "RFC 5321 §4.5.3.1.10: too many recipients, of which the refused do not count": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    C: MAIL FROM:<>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<a@xyz.com>
    C: RCPT TO:<nobody@xyz.com>
    C: RCPT TO:<b@xyz.com>
    C: RCPT TO:<later@xyz.com>
    C: rcpt to:<c@xyz.com>
    C: RCPT TO:<d@xyz.com>
    C: RCPT TO:<nobody@xyz.com>
    C: RCPT TO:no
    S: 250 2.1.0 Recipient OK
    S: 550 5.1.1 Recipient refused
    S: 250 2.1.0 Recipient OK
    S: 450 4.2.1 Recipient put off
    S: 250 2.1.0 Recipient OK
    S: 452 4.5.3 Too many recipients
    S: 452 4.5.3 Too many recipients
    S: 501 5.5.4 The address belongs in angle brackets
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: .
    S: 250 2.0.0 Taken, 0 bytes
  `,

  "a sender who is refused, and one who is put off": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    C: MAIL FROM:<nobody@abc.com>
    S: 550 5.1.1 Sender refused
    C: MAIL FROM:<later@abc.com>
    S: 450 4.2.1 Sender put off
    C: RCPT TO:<bob@xyz.com>
    S: 503 5.5.1 Say MAIL first
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,

  "a backend that throws": String.raw`
    ${hello()}
    # NUL broken NUL x
    C: AUTH PLAIN AGJyb2tlbgB4
    S: 454 4.7.0 Cannot check logins just now
    C: MAIL FROM:<broken@abc.com>
    S: 451 4.3.0 Local error, try again later
    C: MAIL FROM:<full@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<broken@xyz.com>
    S: 451 4.3.0 Local error, try again later
    # In a group with the one above, the next recipient would share its answer.
    C: NOOP
    S: 250 2.0.0 OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: Hello
    C: .
    S: 451 4.3.0 Local error, try again later
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,

  "XPOP3: the connection is handed over": String.raw`
    ${hello()}
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: XPOP3
    S: 503 5.5.1 XPOP3 comes right after EHLO
    C: RSET
    S: 250 2.0.0 OK
    C: XPOP3
    S: 220 2.0.0 POP3 follows
    C: USER alice
    ! closes
  `,
};

/** The greetings, as the first transcript has them in full. */
export function hello({ held = false }: { readonly held?: boolean } = {}): string {
  return String.raw`
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
${held ? FUTURE_RELEASE : ""}    S: 250-AUTH SCRAM-SHA-256 PLAIN LOGIN
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250-XPOP3
    S: 250 HELP
  `;
}

/** A transaction up to where content is awaited. */
export function upToData(): string {
  return String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
  `;
}

const FUTURE_RELEASE = `    S: 250-FUTURERELEASE 86400 2030-01-31T12:00:00Z\n`;
