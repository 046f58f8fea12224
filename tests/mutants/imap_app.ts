/** Whose mailboxes IMAP serves, and how much may be in them. */
import type { Mutant } from "./mutant.ts";

export const IMAP_APP_MUTANTS: readonly Mutant[] = [
  {
    name: "quota: full accounts get mail",
    file: "lib/app/smtp_backend.ts",
    find: "slow ?? noRoom[at] ?? this",
    replace: "slow ?? this",
    test: {
      file: "tests/app_quota_test.ts",
      name: "mail for a full account is put off at RCPT, until something is deleted",
    },
    why: "a stranger could fill the disk through one mailbox",
  },
  {
    name: "quota: members of a list do not count",
    file: "lib/app/quota.ts",
    find: "[...expansion.members, ...expansion.lists.flatMap((each) => each.members)]",
    replace: "[...expansion.members]",
    test: {
      file: "tests/app_quota_test.ts",
      name: "one full account behind an alias or a list puts off what is for all of them",
    },
    why: "a list would be a way around the quota",
  },
  {
    name: "quota: APPEND is free",
    file: "lib/app/imap_append.ts",
    find: "  await checkRoom(owner, { bytes, messages: messages.length });\n",
    replace: "  await checkRoom(owner, { bytes: 0 * bytes, messages: 0 });\n",
    test: {
      file: "tests/app_quota_test.ts",
      name: "IMAP says OVERQUOTA to what would be more, and lets move and delete",
    },
    why: "a user could fill the disk",
  },
  {
    name: "quota: moving needs room",
    file: "lib/app/imap_selected.ts",
    find: "if (!move) await",
    replace: "await",
    test: {
      file: "tests/app_quota_test.ts",
      name: "IMAP says OVERQUOTA to what would be more, and lets move and delete",
    },
    why: "whose account is full could not put mail into Trash",
  },
  {
    name: "quota: only the first thousand of a copy are weighed",
    file: "lib/app/imap_selected.ts",
    find: "      after = page.at(-1)!.uid;\n",
    replace: "      after = last;\n",
    test: {
      file: "tests/app_quota_test.ts",
      name: "a copy of more than a thousand messages is weighed whole",
    },
    why: "one command could double what an account keeps",
  },
  {
    name: "imap: who waits in a mailbox that was removed is not told",
    file: "lib/app/imap_selected.ts",
    find: "  if (await mail.status(id) === null) throw NO_MAILBOX;\n",
    replace: "",
    test: {
      file: "tests/app_imap_test.ts",
      name: "a mailbox that is removed while others have it open is gone for them, too",
    },
    why: "a program would show a mailbox that is not there any more",
  },
  {
    name: "imap: a disk that gets full takes APPEND",
    file: "lib/app/imap_append.ts",
    find: "  if (await site.space.refusal(incoming.bytes) !== null) throw NO_ROOM;\n",
    replace: "",
    test: {
      file: "tests/app_imap_test.ts",
      name: "while the disk is full nothing is appended, and deleting goes on",
    },
    why: "the queue could not go on, and users could not delete",
  },
];
