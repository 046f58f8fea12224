/** What is measured of a mail server, and what shows that two of them have done the same. */
import { fill, letter } from "./mailbox.ts";
import { type ImapTalk, retrieveAll, talkImap, textOf } from "./mail_client.ts";
import type { MailServer } from "./mail_servers.ts";

/** One server with its mailbox, and a client that has INBOX open. */
export interface Stage {
  readonly server: MailServer;
  readonly client: ImapTalk;
  /** How many messages INBOX has. */
  readonly messages: number;
}

/** One line of the table. */
export interface Row {
  readonly name: string;
  /** Makes ready what is not measured. */
  readonly before?: (stage: Stage) => Promise<unknown>;
  readonly run: (stage: Stage) => Promise<Answer>;
  /** Takes away what it has made; not measured. */
  readonly after?: (stage: Stage) => Promise<unknown>;
  /** What has to be the same, whoever has answered. */
  readonly proof: (answer: Answer) => unknown;
}

type Answer = readonly Uint8Array[];

/** What is copied, moved and appended at once. */
const SOME = 1_000;
const SESSIONS = 100;
const IDLE_ROUNDS = 20;
const USER = "carol";

export const ROWS: readonly Row[] = [
  {
    name: "SELECT",
    run: ({ client }) => client.say("SELECT INBOX"),
    proof: (answer) => /\* (\d+) EXISTS/.exec(textOf(answer))![1],
  },
  {
    name: "FETCH 1:* (FLAGS UID ENVELOPE)",
    run: ({ client }) => client.say("FETCH 1:* (FLAGS UID ENVELOPE)"),
    proof: (answer) =>
      fetched(textOf(answer)).map((line) => [
        /UID (\d+)/.exec(line)![1],
        /FLAGS \(([^)]*)\)/.exec(line)![1]!.split(" ").filter((flag) => flag !== "\\Recent").sort(),
        /ENVELOPE \(.*?\)(?=\)$| UID| FLAGS)/.exec(line)![0],
      ]),
  },
  {
    name: "FETCH 1:* (BODYSTRUCTURE)",
    run: ({ client }) => client.say("FETCH 1:* (BODYSTRUCTURE)"),
    // Dovecot leaves names of types as they were written.
    proof: (answer) => fetched(textOf(answer)).map((line) => line.toLowerCase()),
  },
  {
    name: "FETCH 1:* (FLAGS UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (…)])",
    run: ({ client }) =>
      client.say(
        "FETCH 1:* (FLAGS UID RFC822.SIZE INTERNALDATE " +
          "BODY.PEEK[HEADER.FIELDS (From To Subject Date Message-ID)])",
      ),
    proof: (answer) => literals(textOf(answer)),
  },
  {
    name: "download, FETCH 1:* (BODY.PEEK[])",
    run: ({ client }) => client.say("FETCH 1:* (BODY.PEEK[])"),
    proof: (answer) => literals(textOf(answer)),
  },
  {
    name: "SEARCH HEADER",
    run: ({ client }) => client.say('SEARCH HEADER Message-ID "<77."'),
    proof: found,
  },
  { name: "SEARCH TEXT", run: ({ client }) => client.say("SEARCH TEXT zebra"), proof: found },
  {
    name: `APPEND of ${SOME}, one after another`,
    before: ({ client }) => client.say("CREATE Fresh"),
    async run({ client }) {
      for (let at = 0; at < SOME; at++) await fill(client, "Fresh", [letter(at)]);
      return await client.say("STATUS Fresh (MESSAGES)");
    },
    after: ({ client }) => client.say("DELETE Fresh"),
    proof: messagesIn,
  },
  {
    name: "STORE 1:* +FLAGS, and -FLAGS",
    async run({ client }) {
      const added = await client.say("STORE 1:* +FLAGS (\\Flagged)");
      return [...added, ...await client.say("STORE 1:* -FLAGS (\\Flagged)")];
    },
    proof: (answer) => textOf(answer).split(/\r\n\* \d+ FETCH/).length,
  },
  {
    name: `COPY of ${SOME}`,
    before: ({ client }) => client.say("CREATE Copies"),
    async run({ client }) {
      await client.say(`COPY 1:${SOME} Copies`);
      return await client.say("STATUS Copies (MESSAGES)");
    },
    after: ({ client }) => client.say("DELETE Copies"),
    proof: messagesIn,
  },
  {
    name: `MOVE of ${SOME}`,
    async before({ client }) {
      for (const mailbox of ["From", "To"]) await client.say(`CREATE ${mailbox}`);
      await client.say(`COPY 1:${SOME} From`);
      await client.say("SELECT From");
    },
    async run({ client }) {
      await client.say("MOVE 1:* To");
      return await client.say("STATUS To (MESSAGES)");
    },
    async after({ client }) {
      await client.say("SELECT INBOX");
      for (const mailbox of ["From", "To"]) await client.say(`DELETE ${mailbox}`);
    },
    proof: messagesIn,
  },
  {
    name: `IDLE: from APPEND to EXISTS, ${IDLE_ROUNDS} times`,
    before: ({ client }) => client.say("CREATE Watched"),
    run: hearNews,
    after: ({ client }) => client.say("DELETE Watched"),
    proof: messagesIn,
  },
  {
    name: `${SESSIONS} sessions log in, SELECT, FETCH 50 ENVELOPEs`,
    run: openMany,
    proof: (answer) => fetched(textOf(answer)).length,
  },
  {
    name: "download by POP3",
    run: ({ server, messages }) => retrieveAll(server.pop3Port, USER, messages),
    proof: (answer) =>
      textOf(answer).split(/\r\n\.\r\n\+OK[^\r]*\r\n/).map((each) => each.length).slice(1, -1),
  },
];

/** Messages come into a mailbox while another client waits for them. */
async function hearNews({ server, client }: Stage): Promise<Answer> {
  const watcher = await talkImap(server.imapPort, USER);
  await watcher.say("SELECT Watched");
  await watcher.tell("i IDLE");
  await watcher.hear(/\+ /);
  for (let round = 1; round <= IDLE_ROUNDS; round++) {
    const heard = watcher.hear(new RegExp(`\\* ${round} EXISTS`));
    await fill(client, "Watched", [letter(round)]);
    await heard;
  }
  watcher.close();
  return await client.say("STATUS Watched (MESSAGES)");
}

async function openMany({ server, messages }: Stage): Promise<Answer> {
  const sessions = Array.from({ length: SESSIONS }, async (_, at) => {
    const client = await talkImap(server.imapPort, USER);
    await client.say("SELECT INBOX");
    const from = 1 + at * 7 % (messages - 50);
    const answer = await client.say(`FETCH ${from}:${from + 49} (UID ENVELOPE)`);
    return { client, answer };
  });
  const all = await Promise.all(sessions); // all of them are open now
  for (const { client } of all) client.close();
  return all.flatMap(({ answer }) => answer);
}

function fetched(text: string): readonly string[] {
  return text.split("\r\n").filter((line) => /^\* \d+ FETCH/.test(line));
}

/** The literals of an answer. */
function literals(text: string): readonly string[] {
  const found: string[] = [];
  const announced = /\{(\d+)\}\r\n/g;
  for (let next = announced.exec(text); next !== null; next = announced.exec(text)) {
    found.push(text.slice(announced.lastIndex, announced.lastIndex += Number(next[1])));
  }
  return found;
}

function found(answer: Answer): unknown {
  return /\* SEARCH([ \d]*)/.exec(textOf(answer))![1]!.trim();
}

function messagesIn(answer: Answer): unknown {
  return /MESSAGES (\d+)/.exec(textOf(answer))![1];
}
