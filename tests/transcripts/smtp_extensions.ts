/** Dialogues about one extension each, in the form of `tests/transcripts.ts`. */
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

export const EXTENSION_TRANSCRIPTS = {
  "RFC 3461 §4: a sender asks for reports": String.raw`
    ${HELLO}
    C: MAIL FROM:<alice@abc.com> RET=HDRS ENVID=QQ314159
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Bnews@xyz.com
    S: 250 2.1.0 Recipient OK
    C: RCPT TO:<carol@xyz.com> NOTIFY=NEVER
    S: 250 2.1.0 Recipient OK
    # RFC 3461 §5.1 (b): what is asked for changes no answer.
    C: RCPT TO:<nobody@xyz.com> NOTIFY=FAILURE
    S: 550 5.1.1 Recipient refused
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: .
    S: 250 2.0.0 Taken, 0 bytes
  `,

  "RFC 3461 §5.1: what is asked for wrongly is said, and the session goes on": String.raw`
    ${HELLO}
    C: MAIL FROM:<alice@abc.com> RET=BOTH
    S: 501 5.5.4 RET is neither FULL nor HDRS
    C: MAIL FROM:<alice@abc.com> RET=FULL RET=FULL
    S: 501 5.5.4 A parameter is there twice
    C: MAIL FROM:<alice@abc.com> ENVID=a+b
    S: 501 5.5.4 ENVID is not xtext of up to 100 characters
    C: MAIL FROM:<alice@abc.com> RET=full
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<bob@xyz.com> NOTIFY=NEVER,FAILURE
    S: 501 5.5.4 NOTIFY is neither NEVER nor a list of SUCCESS, FAILURE and DELAY
    C: RCPT TO:<bob@xyz.com> ORCPT=bob@xyz.com
    S: 501 5.5.4 ORCPT is not a type and xtext, of up to 500 characters
    C: RCPT TO:<bob@xyz.com> RET=FULL
    S: 555 5.5.4 Unknown parameter
    C: RCPT TO:<bob@xyz.com> notify=failure
    S: 250 2.1.0 Recipient OK
  `,

  "RFC 8689 §2: REQUIRETLS is not known where there is no TLS": String.raw`
    ${HELLO}
    C: MAIL FROM:<alice@abc.com> REQUIRETLS
    S: 555 5.5.4 Unknown parameter
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,

  "RFC 3461 §3: DSN is an extension, so not behind HELO": String.raw`
    S: 220 abc.com ESMTP ready
    C: HELO client.example
    S: 250 abc.com
    C: MAIL FROM:<alice@abc.com> RET=FULL
    S: 555 5.5.4 Unknown parameter
    C: MAIL FROM:<älice@abc.com> SMTPUTF8
    S: 555 5.5.4 Unknown parameter
    C: MAIL FROM:<älice@abc.com>
    S: 550 5.6.7 The sender is not ASCII, and MAIL had no SMTPUTF8
  `,

  "RFC 3461 §4.2: an original recipient in UTF-8, as Postfix 3.7 says it": String.raw`
    ${HELLO}
    C: MAIL FROM:<carol@postfix.example> SIZE=43 BODY=8BITMIME ENVID=letter+202 RET=HDRS SMTPUTF8
    C: RCPT TO:<böb@xyz.com> ORCPT=rfc822;b+C3+B6b@xyz.com NOTIFY=SUCCESS,FAILURE
    S: 250 2.1.0 Sender OK
    S: 250 2.1.0 Recipient OK
    # Latin-1 says nothing that a report could repeat.
    C: RCPT TO:<böb@xyz.com> ORCPT=rfc822;b+F6b@xyz.com
    S: 501 5.5.4 ORCPT is not a type and xtext, of up to 500 characters
  `,

  "RFC 6531 §3: addresses and a header in UTF-8": String.raw`
    ${HELLO}
    C: MAIL FROM:<älice@bücher.example> SMTPUTF8 BODY=8BITMIME
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<böb@xyz.com> ORCPT=utf-8;böb@xyz.com
    S: 250 2.1.0 Recipient OK
    C: RCPT TO:<"ö b"@例え.jp>
    S: 250 2.1.0 Recipient OK
    # Bytes that are no UTF-8 are no address.
    C: RCPT TO:<b\xf6b@xyz.com>
    S~ ^501 5\.1\.3 
    C: DATA
    S: 354 Go ahead, end with a dot on a line of its own
    C: Subject: Grüße
    C:
    C: .
    S: 250 2.0.0 Taken, 20 bytes
    # RFC 6531 §3.4: the parameter is for its transaction only.
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<böb@xyz.com>
    S: 553 5.6.7 The recipient is not ASCII, and MAIL had no SMTPUTF8
    C: RCPT TO:<bob@bücher.example>
    S: 553 5.6.7 The recipient is not ASCII, and MAIL had no SMTPUTF8
    C: RCPT TO:<bob@xn--bcher-kva.example>
    S: 250 2.1.0 Recipient OK
  `,

  "RFC 6531 §3.5: a sender in UTF-8 has to be announced": String.raw`
    ${HELLO}
    C: MAIL FROM:<älice@abc.com>
    S: 550 5.6.7 The sender is not ASCII, and MAIL had no SMTPUTF8
    C: MAIL FROM:<älice@abc.com> SMTPUTF8=1
    S: 501 5.5.4 SMTPUTF8 takes no value
    # Before MAIL the order is what is wrong.
    C: RCPT TO:<böb@xyz.com>
    S: 503 5.5.1 Say MAIL first
  `,

  "RFC 6531 §3.7.4.2: VRFY and EXPN understand SMTPUTF8, and answer in ASCII": String.raw`
    ${HELLO}
    C: VRFY böb SMTPUTF8
    S: 252 2.0.0 Cannot say, but will take mail and try to deliver it
    C: VRFY böb
    S: 252 2.0.0 Cannot say, but will take mail and try to deliver it
    C: EXPN stäff SMTPUTF8
    S: 502 5.5.1 EXPN is not done here
  `,
} as const;
