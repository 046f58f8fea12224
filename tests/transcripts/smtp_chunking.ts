/**
 * BDAT, RFC 3030 §2, as dialogues with the SMTP server; a message has at most 200 bytes and three
 * recipients.
 */

const HELLO = String.raw`
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
    S: 250 HELP`;

const TO_BOB = String.raw`
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK`;

export const CHUNKING_TRANSCRIPTS = {
  "RFC 3030 §2: a message in chunks, with an empty one and an empty last one": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 7
    C: Hello\
    C: \r\n\
    S: 250 2.0.0 Chunk taken, 7 bytes
    C: BDAT 0
    S: 250 2.0.0 Chunk taken, 0 bytes
    # A line may be cut anywhere, also within its end.
    C: bdat 4
    C: .\r\n.\
    S: 250 2.0.0 Chunk taken, 4 bytes
    C: BDAT 1
    C: \r\
    S: 250 2.0.0 Chunk taken, 1 bytes
    C: BDAT 1
    C: \n\
    S: 250 2.0.0 Chunk taken, 1 bytes
    C: BDAT 0 LAST
    S: 250 2.0.0 Taken, 13 bytes
    # Nothing comes behind the last one.
    C: BDAT 0 LAST
    S: 503 5.5.1 Say MAIL and RCPT first
  `,

  "RFC 3030 §2: one chunk, which is the last": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 8 LAST
    C: QUIT\r\n\r\n\
    S: 250 2.0.0 Taken, 8 bytes
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: .
    S: 250 2.0.0 Taken, 0 bytes
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: BDAT 0 LAST
    S: 250 2.0.0 Taken, 0 bytes
  `,

  "RFC 3030 §2: what stands between chunks": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 3
    C: a\r\n\
    S: 250 2.0.0 Chunk taken, 3 bytes
    C: DATA
    S: 503 5.5.1 The message comes by BDAT already
    C: MAIL FROM:<alice@abc.com>
    S: 503 5.5.1 A sender is given already
    C: RCPT TO:<carol@xyz.com>
    S: 503 5.5.1 The message has begun already
    C: AUTH PLAIN
    S: 503 5.5.1 Not within a transaction
    C: XPOP3
    S: 503 5.5.1 XPOP3 comes right after EHLO
    C: NOOP
    S: 250 2.0.0 OK
    # None of these has changed anything.
    C: BDAT 3 LAST
    C: b\r\n\
    S: 250 2.0.0 Taken, 6 bytes
  `,

  "RFC 3030 §2: RSET between chunks forgets them, as EHLO does": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 3
    C: a\r\n\
    S: 250 2.0.0 Chunk taken, 3 bytes
    C: RSET
    S: 250 2.0.0 OK
    C: BDAT 3 LAST
    C: b\r\n\
    S: 503 5.5.1 Say MAIL and RCPT first
    ${TO_BOB}
    C: BDAT 3 LAST
    C: c\r\n\
    S: 250 2.0.0 Taken, 3 bytes
    ${TO_BOB}
    C: BDAT 3
    C: a\r\n\
    S: 250 2.0.0 Chunk taken, 3 bytes
    C: HELO client.example
    S: 250 abc.com
    ${TO_BOB}
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: .
    S: 250 2.0.0 Taken, 0 bytes
  `,

  "a chunk that is not wanted is passed over all the same": String.raw`
    S: 220 abc.com ESMTP ready
    C: BDAT 6
    C: RSET\r\n\
    S: 503 5.5.1 Say EHLO first
    C: HELO client.example
    S: 250 abc.com
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: BDAT 6 LAST
    C: RSET\r\n\
    S: 503 5.5.1 Say EHLO first
    C: NOOP
    S: 250 2.0.0 OK
  `,

  "without recipients a chunk is refused, and so is the message": String.raw`
    ${HELLO}
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<nobody@xyz.com>
    S: 550 5.1.1 Recipient refused
    C: BDAT 6
    C: RSET\r\n\
    S: 554 5.5.1 No valid recipients
    # Else the message would come without its beginning.
    C: RCPT TO:<bob@xyz.com>
    S: 503 5.5.1 Say MAIL first
    C: BDAT 6 LAST
    C: RSET\r\n\
    S: 503 5.5.1 Say MAIL and RCPT first
  `,

  "what is wrong with the content is said at once, and the chunks behind it are passed over":
    String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 5
    C: a\n.\r\n\
    S: 550 5.6.0 The message has a bare LF; lines end with CRLF
    C: BDAT 6
    C: RSET\r\n\
    S: 503 5.5.1 Say MAIL and RCPT first
    C: BDAT 6 LAST
    C: RSET\r\n\
    S: 503 5.5.1 Say MAIL and RCPT first
    ${TO_BOB}
    C: BDAT 2
    C: a\r\
    S: 250 2.0.0 Chunk taken, 2 bytes
    C: BDAT 2
    C: .\r\
    S: 550 5.6.0 The message has a bare CR; lines end with CRLF
    ${TO_BOB}
    C: BDAT 2 LAST
    C: a\r\
    S: 550 5.6.0 The message has a bare CR; lines end with CRLF
    ${TO_BOB}
    C: BDAT 3
    C: a\r\n\
    S: 250 2.0.0 Chunk taken, 3 bytes
    C: BDAT 3 LAST
    C: \nb\r\
    S: 550 5.6.0 The message has a bare LF; lines end with CRLF
    C: NOOP
    S: 250 2.0.0 OK
  `,

  "RFC 5321 §4.1.1.4: a message that does not end with CRLF gets one": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 1 LAST
    C: a\
    S: 250 2.0.0 Taken, 3 bytes
  `,

  "NUL and bytes above 127 are content": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 4 LAST
    C: \0\xff\r\n\
    S: 250 2.0.0 Taken, 4 bytes
  `,

  "RFC 1870 §6.3: a message that grows too large in its chunks": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 102
    C: ${"x".repeat(100)}\r\n\
    S: 250 2.0.0 Chunk taken, 102 bytes
    C: BDAT 102
    C: ${"x".repeat(100)}\r\n\
    S: 552 5.3.4 The message is larger than this server takes
    C: BDAT 102
    C: ${"x".repeat(100)}\r\n\
    S: 503 5.5.1 Say MAIL and RCPT first
    # In all it would be more than twice the limit: nobody waits for that.
    C: BDAT 95 LAST
    S: 552 5.3.4 The message is larger than this server takes
    ! closes
  `,

  "a chunk of more than twice the limit ends the connection before it comes": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 99999999999999999999
    S: 552 5.3.4 The message is larger than this server takes
    C: NOOP
    ! closes
  `,

  "twice the limit is passed over": String.raw`
    ${HELLO}
    C: BDAT 400
    C: ${"NOOP\\r\\n".repeat(66)}\r\n\r\n\
    S: 503 5.5.1 Say MAIL and RCPT first
    C: NOOP
    S: 250 2.0.0 OK
    C: BDAT 401
    S: 552 5.3.4 The message is larger than this server takes
    ! closes
  `,

  "BDAT without a length: what follows can never be told from commands": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT LAST
    S: 501 5.5.4 BDAT takes the length of the chunk, and LAST behind the last
    S: 421 4.7.0 Where the chunk ends cannot be known, closing
    C: NOOP
    ! closes
  `,

  "BDAT with another word than LAST is passed over, and the message is refused": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 6 FIRST
    C: RSET\r\n\
    S: 501 5.5.4 BDAT takes the length of the chunk, and LAST behind the last
    C: BDAT 0 LAST
    S: 503 5.5.1 Say MAIL and RCPT first
  `,

  "the connection ends within a chunk: there is no message": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 100 LAST
    C: Hello\
  `,

  "the time is up within a chunk": String.raw`
    ${HELLO}${TO_BOB}
    C: BDAT 100 LAST
    C: Hello\
    S: 421 4.4.2 abc.com Timeout, closing
    ! deadline
  `,
};
