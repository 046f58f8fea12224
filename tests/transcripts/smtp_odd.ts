/** Dialogues with clients that break the rules, know none of them, or go away; see `smtp.ts`. */
import { upToData } from "./smtp.ts";

export const ODD_TRANSCRIPTS = {
  "RFC 5321 §2.3.8: lines end with CRLF and with nothing else": String.raw`
    S: 220 abc.com ESMTP ready
    C: NOOP\n\
    S: 500 5.5.2 Lines end with CRLF (nc -C)
    C: NOOP\rNOOP
    S: 500 5.5.2 A CR stands only before an LF
    C: NO\0OP
    S: 501 5.5.2 Control characters are not allowed
    C: NOOP\x09
    S: 501 5.5.2 Control characters are not allowed
    C: NOOP
    S: 250 2.0.0 OK
    # A last line without an end is no line.
    C: QUIT\
  `,

  "RFC 5321 §4.1.1.4: DATA that could be read in two ways": String.raw`
    ${upToData()}
    C: one\n.\n\
    C: MAIL FROM:<smuggled@abc.com>
    C: .
    S: 550 5.6.0 The message has a bare LF; lines end with CRLF
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com>
    S: 250 2.1.0 Recipient OK
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: one\r.\r
    C: MAIL FROM:<smuggled@abc.com>
    C: .
    S: 550 5.6.0 The message has a bare CR; lines end with CRLF
    C: NOOP
    S: 250 2.0.0 OK
  `,

  "RFC 1870 §6.2: DATA that is too big is heard to its end": String.raw`
    ${upToData()}
    C: ${"x".repeat(198)}
    C: MAIL FROM:<inside@abc.com>
    C: .
    S: 552 5.3.4 The message is larger than this server takes
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,

  "DATA of over twice the limit ends the connection": String.raw`
    ${upToData()}
    C: ${"x".repeat(198)}
    C: ${"y".repeat(198)}
    C: .
    S: 552 5.3.4 The message is larger than this server takes
    ! closes
  `,

  "RFC 5321 §4.5.3.1.4: a command line that is too long": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    C: ${"x".repeat(1257)}
    S: 500 5.5.6 Line too long
    C: ${"x".repeat(1256)}
    S: 500 5.5.1 Unknown command
  `,

  "a client that vanishes in the middle of DATA": String.raw`
    ${upToData()}
    C: Hello
    C: .\r\
  `,

  "RFC 5321 §4.5.3.2.7: a client that says nothing": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    S: 421 4.4.2 abc.com Timeout, closing
    ! deadline
  `,

  "RFC 5321 §3.8: the server is going down": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    S: 421 4.3.2 abc.com is going down, closing
    ! shutdown
  `,

  "the connection breaks": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    ! lost
  `,

  "a browser is turned away before its body is heard": String.raw`
    S: 220 abc.com ESMTP ready
    C: POST / HTTP/1.1
    C: Host: 127.0.0.1:2525
    C:
    C: EHLO evil.example
    S: 421 4.7.0 This is a mail server, closing
    ! closes
  `,

  "a browser whose first line is too long is turned away at its second": String.raw`
    S: 220 abc.com ESMTP ready
    C: GET /${"x".repeat(2000)} HTTP/1.1
    S: 500 5.5.6 Line too long
    C: Host: 127.0.0.1:2525
    S: 421 4.7.0 This is a mail server, closing
    ! closes
  `,

  "too many errors": String.raw`
    S: 220 abc.com ESMTP ready
    C: ${"x\\r\\n".repeat(30)}
    ${"S: 500 5.5.1 Unknown command\n".repeat(20)}
    S: 421 4.7.0 Too many errors, closing
    ! closes
  `,

  "too many errors in one group of recipients": String.raw`
    S: 220 abc.com ESMTP ready
    C: ${"RCPT TO:<a@b.example>\\r\\n".repeat(30)}
    ${"S: 503 5.5.1 Say MAIL first\n".repeat(20)}
    S: 421 4.7.0 Too many errors, closing
    ! closes
  `,
};
