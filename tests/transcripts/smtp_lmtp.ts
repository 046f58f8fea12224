/**
 * LMTP, RFC 2033, as dialogues with the server; a message has at most 200 bytes and three
 * recipients, and the mailbox of `quota` is full.
 */

const HELLO = String.raw`
    S: 220 abc.com LMTP ready
    C: LHLO mx.example
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
    S: 250-LIMITS RCPTMAX=3 MAILMAX=1000
    S: 250 HELP`;

const TO_THREE = String.raw`
    C: MAIL FROM:<chris@bar.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<pat@abc.com>
    S: 250 2.1.0 Recipient OK
    C: RCPT TO:<nobody@abc.com>
    S: 550 5.1.1 Recipient refused
    C: RCPT TO:<quota@abc.com>
    S: 250 2.1.0 Recipient OK
    C: RCPT TO:<pat@abc.com>
    S: 250 2.1.0 Recipient OK`;

export const LMTP_TRANSCRIPTS = {
  "RFC 2033 §4.2: one reply for each recipient that was taken, in their order": String.raw`
    ${HELLO}${TO_THREE}
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: Blah blah blah...
    C: .
    S: 250 2.0.0 Delivered to <pat@abc.com>
    S: 452 4.2.2 <quota@abc.com> is over its quota
    # Two names that are the same are two recipients.
    S: 250 2.0.0 Delivered to <pat@abc.com>
    C: QUIT
    S: 221 2.0.0 abc.com says goodbye
    ! closes
  `,

  "RFC 2033 §4.1: HELO and EHLO are not there": String.raw`
    S: 220 abc.com LMTP ready
    C: EHLO mx.example
    S: 500 5.5.1 This is LMTP: say LHLO
    C: HELO mx.example
    S: 500 5.5.1 This is LMTP: say LHLO
    C: MAIL FROM:<chris@bar.com>
    S: 503 5.5.1 Say LHLO first
    C: LHLO
    S: 501 5.5.4 Say who you are: LHLO your.host.name
    C: HELP
    S: 214 2.0.0 Commands: LHLO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP
    C: HELP EHLO
    S: 504 5.5.4 There is no such command here; HELP lists them
    C: AUTH PLAIN
    S: 502 5.5.1 Logins are not for LMTP
    C: XPOP3
    S: 502 5.5.1 POP3 is not served here
  `,

  "RFC 2033 §4.2: without a recipient that was taken, DATA fails with 503": String.raw`
    ${HELLO}
    C: MAIL FROM:<chris@bar.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<nobody@abc.com>
    S: 550 5.1.1 Recipient refused
    C: DATA
    S: 503 5.5.1 No valid recipients
    C: RCPT TO:<pat@abc.com>
    S: 250 2.1.0 Recipient OK
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: .
    S: 250 2.0.0 Delivered to <pat@abc.com>
  `,

  "RFC 2033 §4.2: a message that is refused, or cannot be kept, is so for each": String.raw`
    ${HELLO}${TO_THREE}
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: bare\
    C: \nline
    C: .
    S: 550 5.6.0 The message has a bare LF; lines end with CRLF
    S: 550 5.6.0 The message has a bare LF; lines end with CRLF
    S: 550 5.6.0 The message has a bare LF; lines end with CRLF
    C: MAIL FROM:<full@bar.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<pat@abc.com>
    S: 250 2.1.0 Recipient OK
    C: RCPT TO:<kim@abc.com>
    S: 250 2.1.0 Recipient OK
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: .
    S: 451 4.3.0 Local error, try again later
    S: 451 4.3.0 Local error, try again later
  `,

  "RFC 2033 §4.2: too much to be heard to its end is refused for each, and closed": String.raw`
    ${HELLO}${TO_THREE}
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: ${`${"x".repeat(98)}\\r\\n`.repeat(5)}
    S: 552 5.3.4 The message is larger than this server takes
    S: 552 5.3.4 The message is larger than this server takes
    S: 552 5.3.4 The message is larger than this server takes
    ! closes
  `,

  "RFC 2033 §4.3: BDAT LAST has one reply for each, other chunks have one": String.raw`
    ${HELLO}${TO_THREE}
    C: BDAT 4
    C: Hi\r\n\
    S: 250 2.0.0 Chunk taken, 4 bytes
    C: BDAT 0 LAST
    S: 250 2.0.0 Delivered to <pat@abc.com>
    S: 452 4.2.2 <quota@abc.com> is over its quota
    S: 250 2.0.0 Delivered to <pat@abc.com>
    # Nobody was taken, so nobody is answered about; NOOP shows it.
    C: MAIL FROM:<chris@bar.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<nobody@abc.com>
    S: 550 5.1.1 Recipient refused
    C: BDAT 4 LAST
    C: Hi\r\n\
    C: NOOP
    S: 250 2.0.0 OK
  `,

  "RFC 2033 §4.3: a chunk that is refused is so at the end for each, too": String.raw`
    ${HELLO}${TO_THREE}
    C: BDAT 5
    C: a\nb\r\n\
    S: 550 5.6.0 The message has a bare LF; lines end with CRLF
    C: BDAT 4 LAST
    C: Hi\r\n\
    S: 503 5.5.1 Say MAIL and RCPT first
    S: 503 5.5.1 Say MAIL and RCPT first
    S: 503 5.5.1 Say MAIL and RCPT first
    C: NOOP
    S: 250 2.0.0 OK
  `,
} as const;
