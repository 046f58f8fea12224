/**
 * Dialogues of the SMTP client, in the form of `tests/transcripts.ts`. It has a message for bob and
 * carol, and then an 8-bit one for bob.
 */

const HELLO = String.raw`
    S: 220 mx.xyz.com ESMTP
    C: EHLO client.example
    S: 250-mx.xyz.com
    S: 250-PIPELINING
    S: 250-8BITMIME
    S: 250 CHUNKING
    C: MAIL FROM:<alice@abc.com>
    C: RCPT TO:<bob@xyz.com>
    C: RCPT TO:<carol@xyz.com>`;

const SENT = String.raw`
    S: 250 OK
    S: 250 OK
    S: 250 OK
    C: DATA
    S: 354 Go ahead
    C: Hello
    C: .`;

const SECOND = String.raw`
    C: MAIL FROM:<alice@abc.com> BODY=8BITMIME
    C: RCPT TO:<bob@xyz.com>
    S: 250 OK
    S: 250 OK`;

export const CLIENT_TRANSCRIPTS = {
  "RFC 3030 §2: 8-bit content goes in one chunk": String.raw`
    ${HELLO}${SENT}
    S: 250-many words
    S: 250 without a status
    ${SECOND}
    C: BDAT 3 LAST
    C: \xff
    S: 250 Taken
    C: QUIT
    S: 221 Bye
    ! closes
  `,

  "RFC 5321 §4.2.4: BDAT is offered and not known, and nothing more is said": String.raw`
    ${HELLO}${SENT}
    S: 250 Taken
    ${SECOND}
    C: BDAT 3 LAST
    C: \xff
    S: 500 What?
    ! closes
  `,

  "a message that is refused is followed by RSET, and the next by DATA": String.raw`
    ${HELLO}${SENT}
    S: 550 5.7.1 Spam
    C: RSET
    S: 250 OK
    ${SECOND}
    C: DATA
    S: 354 Go ahead
    C: \xff
    C: .
    S: 250 Taken
    C: QUIT
    S: 221 Bye
    ! closes
  `,

  "a refusal that comes twice, before the end and behind it, ends the conversation": String.raw`
    ${HELLO}${SENT}
    S: 552 5.3.4 Too large
    C: RSET
    S: 552 5.3.4 Too large
    ! closes
  `,

  "a reply that is there before the message is not its reply": String.raw`
    ${HELLO}
    S: 250 OK
    S: 250 OK
    S: 250 OK
    C: DATA
    S: 354 Go ahead
    S: 250 Taken
    # Neither the dot nor anything else is said.
    C: Hello
    ! closes
  `,

  "a reply too many in a group ends the conversation with the next one": String.raw`
    ${HELLO}
    S: 250 OK
    S: 250 OK
    S: 250 OK
    S: 250 And one more
    C: DATA
    ! closes
  `,

  "RFC 5321 §3.8: behind 421 nothing is said": String.raw`
    ${HELLO}
    S: 250 OK
    S: 421 4.3.2 Going down
    S: 421 4.3.2 Going down
    ! closes
  `,
} as const;

const LHLO = HELLO.replace("EHLO", "LHLO");

export const LMTP_CLIENT_TRANSCRIPTS = {
  "RFC 2033 §4.2: a reply for each recipient": String.raw`
    ${LHLO}${SENT}
    S: 250 Delivered
    S: 452 4.2.2 Full
    C: RSET
    S: 250 OK
    ${SECOND}
    C: DATA
    S: 354 Go ahead
    C: \xff
    C: .
    S: 250 Delivered
    C: QUIT
    S: 221 Bye
    ! closes
  `,

  "RFC 2033 §4.1: what is no LMTP is not asked again as SMTP": String.raw`
    S: 220 mx.xyz.com ESMTP
    C: LHLO client.example
    S: 500 5.5.1 What?
    C: QUIT
    S: 221 Bye
    ! closes
  `,
} as const;
