/** XCLIENT, Postfix's extension, as dialogues with the server: the peer is a trusted proxy. */

const HELLO = String.raw`
    S: 220 abc.com ESMTP ready
    C: EHLO proxy.example
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
    S: 250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN
    S: 250-XPOP3
    S: 250 HELP`;

/** One of those who are named is a proxy that is trusted, too. */
export const XCLIENT_FORWARD = {
  plainAuth: true,
  mayForward: (address: string) => address === "192.0.2.10",
};

export const XCLIENT_TRANSCRIPTS = {
  "XCLIENT: the conversation begins anew": String.raw`
    ${HELLO}
    C: HELP
    S~ ^214 2\.0\.0 Commands: .* XCLIENT XPOP3 HELP$
    C: XCLIENT NAME=spike.example ADDR=192.0.2.9
    S: 220 abc.com ESMTP ready
    C: MAIL FROM:<alice@abc.com>
    S: 503 5.5.1 Say EHLO first
    C: HELO spike.example
    S: 250 abc.com
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    # It is the client's word now, and the client is not trusted.
    C: XCLIENT ADDR=192.0.2.10
    S: 550 5.7.0 Only a proxy that is trusted may say that
    C: QUIT
    S: 221 2.0.0 abc.com says goodbye
    ! closes
  `,

  "XCLIENT: not within a transaction, and in several parts until ADDR is said": String.raw`
    ${HELLO}
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
    C: XCLIENT ADDR=192.0.2.9
    S: 503 5.5.1 Not within a transaction
    C: RSET
    S: 250 2.0.0 OK
    C: xclient helo=spike.example proto=esmtp
    S: 220 abc.com ESMTP ready
    # This one is a proxy that is trusted, too.
    C: XCLIENT NAME=[TEMPUNAVAIL] ADDR=192.0.2.10 PORT=4711
    S: 220 abc.com ESMTP ready
    C: XCLIENT LOGIN=alice
    S: 220 abc.com ESMTP ready
    C: XCLIENT ADDR=IPV6:2001:db8::9
    S: 220 abc.com ESMTP ready
    C: XCLIENT LOGIN=alice
    S: 550 5.7.0 Only a proxy that is trusted may say that
    C: AUTH PLAIN
    S: 503 5.5.1 Say EHLO first
    C: QUIT
    S: 221 2.0.0 abc.com says goodbye
    ! closes
  `,

  "XCLIENT: a client whose address is not known is not trusted": String.raw`
    ${HELLO}
    C: XCLIENT ADDR=[UNAVAILABLE]
    S: 220 abc.com ESMTP ready
    C: XCLIENT LOGIN=alice
    S: 550 5.7.0 Only a proxy that is trusted may say that
  `,

  "XCLIENT: whoever was seen to log in is logged in": String.raw`
    ${HELLO}
    C: XCLIENT LOGIN=nobody
    S: 501 5.5.4 LOGIN names nobody here
    C: XCLIENT LOGIN=alice
    S: 220 abc.com ESMTP ready
    C: EHLO spike.example
    S~ ^250-.*
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
    S: 250-EXPN
    S: 250-XCLIENT NAME ADDR PORT PROTO HELO LOGIN
    S: 250-XPOP3
    S: 250 HELP
    C: AUTH PLAIN
    S: 503 5.5.1 You are logged in already
    C: XCLIENT LOGIN=[UNAVAILABLE]
    S: 220 abc.com ESMTP ready
  `,

  "XCLIENT: what cannot be understood changes nothing": String.raw`
    ${HELLO}
    C: XCLIENT
    S: 501 5.5.4 XCLIENT takes attributes: ADDR=192.0.2.1
    C: XCLIENT ADDR
    S: 501 5.5.4 A value is not xtext of up to 255 characters
    C: XCLIENT ADDR=localhost
    S: 501 5.5.4 ADDR is not an IP address
    C: XCLIENT ADDR=2001:db8::1
    S: 501 5.5.4 ADDR is not an IP address
    C: XCLIENT PORT=65536
    S: 501 5.5.4 PORT is not a port
    C: XCLIENT PROTO=LMTP
    S: 501 5.5.4 PROTO is SMTP or ESMTP
    C: XCLIENT HELO=two+20words
    S: 501 5.5.4 A name has no blanks and no controls
    C: XCLIENT NAME=line+0D+0Aend
    S: 501 5.5.4 A value is not xtext of up to 255 characters
    C: XCLIENT COLOUR=red
    S: 501 5.5.4 XCLIENT has NAME, ADDR, PORT, PROTO, HELO and LOGIN here
    C: MAIL FROM:<alice@abc.com>
    S: 250 2.1.0 Sender OK
  `,
} as const;
