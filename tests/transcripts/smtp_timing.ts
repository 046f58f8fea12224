/** Dialogues about when a message is delivered, and in which order; see `smtp.ts`. */
import { hello } from "./smtp.ts";

export const TIMING_TRANSCRIPTS = {
  "RFC 2852 §4: a time by which a message is to be delivered": String.raw`
    ${hello()}
    C: MAIL FROM:<alice@abc.com> BY=120;R
    S: 250 2.1.0 Sender OK
    C: RSET
    S: 250 2.0.0 OK
    C: MAIL FROM:<alice@abc.com> by=+999999999;nt
    S: 250 2.1.0 Sender OK
    C: RSET
    S: 250 2.0.0 OK
    # With N it may be over: that is no error.
    C: MAIL FROM:<alice@abc.com> BY=-30;N
    S: 250 2.1.0 Sender OK
    C: RSET
    S: 250 2.0.0 OK
    C: MAIL FROM:<alice@abc.com> BY=0;R
    S: 501 5.5.4 BY with R needs a time that lies ahead
    # The minimum was announced.
    C: MAIL FROM:<alice@abc.com> BY=9;R
    S: 555 5.5.4 BY with R needs at least 10 seconds
    C: MAIL FROM:<alice@abc.com> BY=120
    S: 501 5.5.4 BY is not seconds, a semicolon, and N or R
    C: MAIL FROM:<alice@abc.com> BY
    S: 501 5.5.4 BY is not seconds, a semicolon, and N or R
    # It is a parameter of MAIL only.
    C: RCPT TO:<bob@xyz.com> BY=120;R
    S: 555 5.5.4 Unknown parameter
  `,

  "RFC 6710 §4.1: a message with a priority": String.raw`
    ${hello()}
    C: MAIL FROM:<alice@abc.com> MT-PRIORITY=-3
    S: 250 2.1.0 Sender OK
    C: RSET
    S: 250 2.0.0 OK
    C: MAIL FROM:<alice@abc.com> MT-PRIORITY=10
    S: 501 5.5.2 MT-PRIORITY is not a number from -9 to 9
    C: MAIL FROM:<alice@abc.com> MT-PRIORITY=+3
    S: 501 5.5.2 MT-PRIORITY is not a number from -9 to 9
    C: MAIL FROM:<alice@abc.com> MT-PRIORITY=3 MT-PRIORITY=4
    S: 501 5.5.4 A parameter is there twice
  `,

  "RFC 4865 §4.2: messages are held on the ports for submission, and nowhere else": String.raw`
    ${hello()}
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 235 2.7.0 Logged in
    C: MAIL FROM:<alice@abc.com> HOLDFOR=60
    S: 555 5.5.4 Unknown parameter
  `,
};

/** On a port for submission. */
export const HOLD_TRANSCRIPTS = {
  "RFC 4865 §3: a message for later": String.raw`
    ${hello({ held: true })}
    C: MAIL FROM:<alice@abc.com> HOLDFOR=60
    S: 530 5.7.0 Log in first
    C: AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=
    S: 235 2.7.0 Logged in
    C: MAIL FROM:<alice@abc.com> HOLDFOR=60
    S: 250 2.1.0 Sender OK
    C: RSET
    S: 250 2.0.0 OK
    C: MAIL FROM:<alice@abc.com> HOLDUNTIL=2030-01-31T12:00:00Z
    S: 250 2.1.0 Sender OK
    C: RSET
    S: 250 2.0.0 OK
    # RFC 4865 §4.2 (9): one of the two.
    C: MAIL FROM:<alice@abc.com> HOLDFOR=60 HOLDUNTIL=2030-01-31T12:00:00Z
    S: 501 5.5.4 HOLDFOR and HOLDUNTIL exclude each other
    C: MAIL FROM:<alice@abc.com> HOLDFOR=0
    S: 501 5.5.4 HOLDFOR is not a number of seconds
    C: MAIL FROM:<alice@abc.com> HOLDFOR=1000000000
    S: 501 5.5.4 HOLDFOR is not a number of seconds
    C: MAIL FROM:<alice@abc.com> HOLDUNTIL=2030-01-31T12:00:00+01:00
    S: 501 5.5.4 HOLDUNTIL is not a date and time in UTC, like 2030-01-31T12:00:00Z
    C: MAIL FROM:<alice@abc.com> HOLDUNTIL=2030-02-30T12:00:00Z
    S: 501 5.5.4 HOLDUNTIL is not a date and time in UTC, like 2030-01-31T12:00:00Z
  `,
};
