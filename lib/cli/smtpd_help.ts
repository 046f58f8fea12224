/** What `--help` of `smtpd` says beyond the lists of commands and flags; the README quotes it. */

export const EXAMPLES = `\
Examples:
  smtpd lab
  smtpd --domain abc.com --user alice:secret --route xyz.com=127.0.0.1:2526
  smtpd user add carol@abc.com
  smtpd alias add sales@abc.com alice@abc.com bob@xyz.com
smtpd serve --help shows all flags of a server.`;

export const SERVE_NOTES = `\
Only --domain is needed. A line for each listener and then "ready" go to standard output, or with
--log-format json one object {"event":"ready","ports":{"smtp":2525}}; the log goes to standard
error.
SIGTERM and SIGINT end the server after what is under way; a second one ends it at once.
SIGHUP reads the certificates again; connections live on.

--user never changes the password of an account that exists (smtpd user password does). Without a
password it is asked for. Everybody on this machine can see the flags of a program: for passwords
that matter use smtpd user add, or a file for --config.`;

export const ADMIN_NOTES = `\
A server that runs on this directory does it; when none runs, it is done directly.`;

export const IMPORT_NOTES = `\
A file goes into INBOX, a folder of files into the mailbox of its name. Dates, flags and the order
are kept. It can be run again after it was interrupted: nothing is taken twice. What cannot be taken
is named, with the file and the place in it, and the status is 65.`;

export const EXPORT_NOTES = `\
Nothing is overwritten. It can be run again after it was interrupted, and later, for what is new.`;

export const LAB_NOTES = `\
abc.com has alice (password secret), xyz.com has bob (password hunter2). All mail is kept in memory
and gone at the end, with Ctrl-C.`;

export const STATUSES = `\
Exit status: 0 done, 64 wrong usage, 65 the data has faults, 66 no such message or file,
67 no such user or alias, 69 a port is taken, 73 cannot create (or exists already), 75 the data
directory is in use, or the store failed, 78 bad configuration, or data of a newer version.`;
