/** NOTIFY with a whole server. */
import assert from "$assert";
import { createMetadataWatches } from "../lib/app/imap_metadata_watches.ts";
import { startWithImap, talkImap } from "./app_imap_support.ts";
import { fakeWorld } from "./fake_world.ts";

const EVERYTHING = "(SELECTED (MessageNew (UID) MessageExpunge FlagChange)) " +
  "(PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange " +
  "MailboxMetadataChange ServerMetadataChange))";

Deno.test("who has said NOTIFY hears what another client does, in all mailboxes", async () => {
  await using server = await startWithImap({ world: fakeWorld() });
  const watcher = await talkImap(server, { user: "alice", select: "INBOX" });
  const other = await talkImap(server, { user: "alice" });
  const stranger = await talkImap(server, { user: "bob" });
  assert.match(await watcher.say(`NOTIFY SET ${EVERYTHING}`), /^OK /);
  const dones: readonly (readonly [command: string, ...heard: RegExp[]])[] = [
    ["CREATE Work/Plans", /LIST .*"Work"$/, /LIST .*"Work\/Plans"$/],
    ["RENAME Work/Plans Play", /LIST .*"Play" \("OLDNAME" \("Work\/Plans"\)\)$/],
    ["SUBSCRIBE Play", /LIST \(.*\\Subscribed.*\) "\/" "Play"$/],
    [
      "APPEND Play {5+}\r\nA: b\r",
      /STATUS "Play" \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+ UNSEEN 1\)$/,
    ],
    ['SETMETADATA Play (/private/comment "x")', /^\* METADATA "Play" \/private\/comment$/],
    ['SETMETADATA "" (/private/comment "x")', /^\* METADATA "" \/private\/comment$/],
    ["APPEND INBOX {5+}\r\nA: b\r", /^\* 1 EXISTS$/, /^\* 1 RECENT$/, /^\* 1 FETCH \(UID 1\)$/],
    ["DELETE Play", /LIST \(.*\\NonExistent.*\) "\/" "Play"$/],
  ];
  for (const [command, ...heard] of dones) {
    await stranger.say(command);
    assert.match(await other.say(command), /^OK /m, command);
    for (const expected of heard) assert.match(await watcher.hear(), expected, command);
  }
  for (const each of [watcher, other, stranger]) each.close();
});

Deno.test("who has said NOTIFY hears that the account is gone as that nothing can be told", async () => {
  await using server = await startWithImap({ world: fakeWorld() });
  const watcher = await talkImap(server, { user: "alice" });
  assert.match(await watcher.say(`NOTIFY SET ${EVERYTHING}`), /^OK /);
  await server.store.users.remove(server.store.users.find("alice@abc.com")!.id);
  assert.match(await watcher.hear(), /^\* OK \[NOTIFICATIONOVERFLOW\] /);
  watcher.close();
});

Deno.test("a watch of metadata ends when it is closed, and leaves nothing behind", async () => {
  const watches = createMetadataWatches();
  const watch = watches.open(1);
  const own = watches.open(1);
  const change = { mailbox: "INBOX", entries: ["/private/a"] };
  watches.note(2, change, null);
  assert.deepEqual(watch.take(), []);
  watches.note(1, change, own);
  await watch.changed(new AbortController().signal);
  assert.deepEqual([watch.take(), own.take(), watch.take()], [[change], [], []]);
  watch.close();
  watches.note(1, change, null);
  assert.deepEqual([watch.take(), own.take()], [[], [change]]);
});
