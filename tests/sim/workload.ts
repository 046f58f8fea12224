/** Does what was planned, and writes down what was seen. */
import { administer } from "../../lib/app/admin.ts";
import type { Transport } from "../../lib/net/world.ts";
import { readMailbox } from "./client_pop3.ts";
import { give } from "./client_smtp.ts";
import { keepingIn } from "./imap_ledger.ts";
import { type AccountChange, begin, type Ledger } from "./ledger.ts";
import { contentOf, markOfLetter } from "./letters.ts";
import type { Prng } from "./prng.ts";
import { type Node, PORTS, type ServerNode, type Sim } from "./sim.ts";
import { type Deed, describeDeed } from "./workload_plan.ts";

export interface Stage {
  readonly sim: Sim;
  /** The machine on which people sit. */
  readonly people: Node;
  readonly homes: ReadonlyMap<string, ServerNode>;
  readonly ledger: Ledger;
  readonly prng: Prng;
}

export const PASSWORD = "secret";
/** Whoever hears nothing for so long hangs up: more than any honest answer takes. */
const PATIENCE_MS = 10 * 60_000;
const CONNECT_TIMEOUT_MS = 30_000;

/** Resolves when it is done, or was given up. */
export async function perform(stage: Stage, deed: Deed): Promise<void> {
  stage.sim.trace("people", describeDeed(deed));
  switch (deed.do) {
    case "send":
      return await send(stage, deed);
    case "read":
      return void await read(stage, deed);
    case "addUser":
    case "removeUser":
      return await changeUser(stage, deed);
    case "removeAlias":
      return await removeAlias(stage, deed);
  }
}

async function send(stage: Stage, deed: Deed & { do: "send" }): Promise<void> {
  const { sim, ledger } = stage;
  const { letter, sending: { user, sender, recipients, parameters, manner } } = deed;
  const beganAtMs = sim.now();
  const content = contentOf(letter, sender ?? user ?? "", recipients[0]!.address);
  await visit(stage, deed, "smtp", async (transport) => {
    const heard = await give(transport, {
      user,
      password: PASSWORD,
      sender,
      mailParameters: parameters,
      recipients,
      content,
      manner,
    });
    ledger.submissions.push({
      mark: markOfLetter(letter),
      server: deed.home,
      beganAtMs,
      endedAtMs: sim.now(),
      user,
      sender,
      content,
      hasDeadline: parameters.some((each) => each.startsWith("BY=")),
      ...heard,
    });
    sim.trace("people", `heard ${heard.answer} about letter ${letter.number}`);
  });
}

/** Gives whether the mailbox was read to its end. */
export async function read(
  stage: Stage,
  deed: { readonly home: string; readonly user: string; readonly deletes: number },
): Promise<boolean> {
  const { sim, ledger, prng } = stage;
  const { home: server, user: account } = deed;
  let uniqueId = "";
  let count: number | null = null;
  const deletes = () => {
    const isDeleted = prng.chance(deed.deletes);
    const [uidValidity, uid] = uniqueId.split(".").map(Number);
    if (isDeleted) {
      ledger.imap.removals.push({ server, account, uidValidity: uidValidity!, uid: uid! });
    }
    return isDeleted;
  };
  await visit(stage, deed, "pop3", async (transport) => {
    const reading = { user: deed.user, password: PASSWORD, deletes };
    count = await readMailbox(transport, reading, ({ content, ...fetched }) => {
      uniqueId = fetched.uniqueId;
      // Whoever reads by IMAP can bring messages that nobody has sent.
      if (keepingIn(content) !== null) return;
      ledger.copies.push({ server, account, uniqueId, content, atMs: sim.now() });
    });
    sim.trace("people", `${deed.user} read ${count ?? "in vain"}`);
  });
  return count !== null;
}

/** One connection, which people leave when it takes too long. */
export async function visit(
  { sim, people, homes, ledger }: Stage,
  { home }: { readonly home: string },
  service: "smtp" | "pop3" | "imap",
  run: (transport: Transport) => Promise<void>,
): Promise<void> {
  const { net, clock } = people.world;
  const to = { host: homes.get(home)!.address, port: PORTS[service]! };
  const transport = await net.connect(to, { timeoutMs: CONNECT_TIMEOUT_MS }).catch(() => null);
  if (transport === null) return;
  const end = begin(ledger, `${service} with ${home}`, sim.now);
  const patience = clock.alarm(() => transport.close());
  patience.set(PATIENCE_MS);
  try {
    await run(transport);
  } finally {
    patience.cancel();
    end();
  }
}

/** A process that dies meanwhile never answers, and the account may be there, or not. */
async function changeUser(
  { sim, homes, ledger }: Stage,
  deed: Deed & { do: "addUser" | "removeUser" },
): Promise<void> {
  const home = homes.get(deed.home)!;
  const { running } = home;
  if (running === null) return;
  const change = (what: AccountChange["change"]) =>
    ledger.accounts.push({
      server: deed.home,
      account: deed.user,
      change: what,
      atMs: sim.now(),
    });
  const parts = { world: home.world, store: running.store, domain: deed.home };
  if (deed.do === "removeUser") {
    // From now on its mail may go with it; and no start makes the account again.
    change("removed");
    const { [deed.user]: _, ...users } = home.setup.users;
    home.setup = { ...home.setup, users };
    await administer(parts, { do: "user remove", name: deed.user }).catch(() => null);
    return;
  }
  change("adding");
  const answer = await administer(parts, {
    do: "user add",
    name: deed.user,
    password: PASSWORD,
  }).catch(() => null); // the disk failed, and it may be there nevertheless
  if (answer?.ok) change("added");
}

async function removeAlias(
  { homes }: Stage,
  { home, alias }: Deed & { do: "removeAlias" },
): Promise<void> {
  const node = homes.get(home)!;
  if (node.running === null) return;
  const parts = { world: node.world, store: node.running.store, domain: home };
  await administer(parts, { do: "alias remove", name: alias, targets: [] }).catch(() => null);
}
