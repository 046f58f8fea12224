/** What `--help` of `smtpc` says beyond the list of flags; the README quotes it. */

export const EXAMPLES = `\
Examples:
  smtpc send 127.0.0.1 2525 --user alice --to bob@xyz.com --subject Hello --body "Hi Bob"
  smtpc send 127.0.0.1 2525 --user alice archive/ letter.eml
  smtpc read 127.0.0.1 2526 --user bob
  smtpc read imap.xyz.com 993 --user bob --follow
  smtpc contacts add bob bob@xyz.com
  smtpc bench 127.0.0.1 2525 --to bob@xyz.com --connections 50 --seconds 30
  smtpc bench 127.0.0.1 2527 --imap --user bob --rounds 100

On a terminal, whatever is missing is asked for. The password is taken from --password-file, from
the variable SMTPC_PASSWORD, or asked for.`;

export const SEND_NOTES = `\
The text comes from --body, or from standard input when that is not a terminal. Both may begin with
lines From:, To:, Cc: and Subject:, with or without an empty line behind them; they count where the
flags say nothing. --file sends a whole message as it is, except that its line ends become CRLF and
its Bcc: is left out; its From:, To:, Cc: and Bcc: count where the flags say nothing.

A --to that is the name of a contact is replaced by the contact's address. Without --from, the
sender is the user; a user without a domain gets the name that the server gives in its greeting.
Without --user nobody logs in, and --from is needed.

--data-from sends any content, with a header or without: only line ends become CRLF, and a dot that
begins a line is doubled. --proto lmtp delivers to a mailbox server (RFC 2033). --quit-after and
--drop-after end the conversation behind a stage: connect, hello, tls, auth, mail, rcpt, data (only
--drop-after) or dot; tls and auth count as passed where there is none. The status is 0 when nothing
was refused until there.

Each FILE behind HOST and PORT is a message as with --file, and a folder stands for the .eml files
in it and below it. They go over --connections at once, one message after the other on each, and are
read when their turn comes. Refusals are told as they come, with the file, the recipient and the
server's words; the others are sent all the same, and the status is that of the first file that was
not. At the end the counts are told. Ctrl-C lets what was begun come to its end.

When a recipient is refused, nothing is sent (status 67). With --partial the others get the message;
the status is 0 when at least one of them did.

--dsn asks the servers on the way for reports (DSN): of success, failure and delay, or never. A
server that does not offer DSN gets nothing (status 69). --require-tls sends only under TLS with a
server that was verified, and that promises the same for the whole way (REQUIRETLS).

--json prints an object for each recipient: recipient, result (delivered, deferred, refused,
unknown, or withheld: not sent because of another one), at (what was answered: hello, mail, rcpt or
data), code, status and text of the server's answer, which are null when there was none. With FILEs
each has its file, too; one that cannot be read, or is no message, has no recipient (null), at is
file, and text says why. The last object has the counts: sent, failed, notBegun, seconds,
messagesPerSecond and bytesPerSecond.`;

export const READ_NOTES = `\
Without a choice, a menu is shown on a terminal; elsewhere it is --all --keep. Messages go to
standard output: From:, To:, Cc: and Subject: if there are any, an empty line, the text. Between two
messages stands a line like "--- 2 of 3 ---"; not so with --raw, which gives the bytes as the server
has them; only on a terminal are control characters left out of these too. Attachments are named on
standard error. What is to be deleted is deleted at the end, when everything went well.

IMAP, POP3 and the SMTP port of smtpd are recognised by what they say. With IMAP, --mailbox chooses
the mailbox, and --search the messages: words that stand anywhere in them, or from:, to:, cc:,
subject:, body:, since:2026-05-21, before:, on:, larger:500K, smaller:, is:unread, is:read,
is:flagged, is:answered and is:draft; quotes keep words together, a minus in front turns a term
around. --follow shows new mail as it comes, behind what was chosen, until Ctrl-C. --mark-seen marks
what was shown as read, --move moves it. --save writes attachments into a folder: without the
folders in their names, and never over a file that is there.

--json prints an object for each message: number, uniqueId (null where the server has none), size in
bytes, from, to, cc, subject, date (ISO 8601, or null), text, attachments (name, type, size, and
path where it was saved). With --list there are no text and no attachments.`;

export const BENCH_NOTES = `\
Sends messages to a server that is yours, for 10 seconds, for --seconds, or until --messages were
sent; Ctrl-C ends it early. The report goes to standard output: messages accepted, the rate, how
long a whole message took and how long the server took from its final dot to the answer (half of
them at most p50, 99 of a hundred at most p99), and each kind of refusal with its number.

With --rate, a message counts from the moment at which it was to be sent, so a server that falls
behind cannot hide it. Each message has a number of its own in Subject and Message-ID. The
recipients of --to get messages in turn; one who is refused does not hold up the others.

Whoever floods a stranger's server does harm: an address that is neither this machine's nor private
gets nothing unless --yes is said.

--json prints one object: accepted, failed, seconds, messagesPerSecond, bytesPerSecond, connections,
opened, wholeMs and finalMs with p50, p90, p99 and max, and errors with at, code, text and count.
The status is 0 when every message was accepted, 69 when none was, 75 when some were.

--pop3 and --imap read the mailbox of --user instead, and change nothing in it. A round is a
connection: the login (with connecting and TLS), the list of all messages, all of them one by one,
and QUIT or LOGOUT. By IMAP it opens INBOX with EXAMINE behind the login, and before the messages it
fetches the fields of their headers that a list of mail shows. The port of POP3 may be that of an
SMTP server with XPOP3. Rounds follow each other on each of --connections, until --rounds were begun
or the time is over; of a round that the time cuts off, only the messages count. By POP3, most
servers let one session at a time have a mailbox, hence one connection. The report tells how long
each step took: login, select, list, headers, retrieve (each message) and quit. What ends a round
early is an error; the status is 0 when there was none, 69 when no round was whole, else 75. --json
prints one object: rounds, failed, messages, seconds, messagesPerSecond, bytesPerSecond,
connections, stepsMs with an object for each step, and errors.`;

export const TLS_NOTES = `\
--tls auto (the default) takes TLS where the server offers it, and from the first byte on the ports
465, 993 and 995; a server that cannot be verified is told about, and gets no password unless it is
on this machine. starttls and implicit want TLS, verified. --ca FILE names whom to trust beside the
well-known authorities, and makes auto as strict. none sends in clear, the password too.`;

export const STATUSES = `\
Exit status: 0 done, 64 wrong usage, 65 bad data, 66 no input, 67 recipient refused,
68 no such host, 69 unavailable, 73 cannot write, 75 try again later, 76 protocol broken,
77 login refused, 78 bad configuration.`;
