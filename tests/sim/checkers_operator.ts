/** What the operator does is done, to nobody else, and is seen in what becomes of the mail. */
import { type Fate, fatesOf, isPassedOn, nameOf } from "./fates.ts";
import type { World } from "./geography.ts";
import type { Drop, Ledger } from "./ledger.ts";

/** A delivery that is under way when its message is dropped comes to its end within that. */
const DELIVERY_MS_MAX = 30 * 60_000;

/** What is wrong with what the operator has done, one sentence each. */
export function checkOperator(ledger: Ledger, world: World): readonly string[] {
  const single = fatesOf(ledger, world).filter((fate) =>
    fate.ways === 1 && !isPassedOn(fate, world)
  );
  return [
    ...checkRecords(ledger),
    ...checkCounts(ledger),
    ...single.flatMap((fate) => [...checkDropped(fate, ledger), ...checkHeld(fate, ledger)]),
  ];
}

/** Nothing is dropped but by the operator. */
function checkRecords({ records, drops }: Ledger): readonly string[] {
  return records
    .filter(({ outcome, message }) =>
      outcome === "dropped" && !drops.some(({ id }) => id === message)
    )
    .map(({ message, recipient }) => `${message} for <${recipient}> was dropped by nobody`);
}

/** What the operator was told is what is remembered. */
function checkCounts({ drops, restores }: Ledger): readonly string[] {
  return [...Map.groupBy(drops, ({ id }) => id)].flatMap(([id, again]) => {
    const [{ server, recorded: { length: known } }] = again as [Drop];
    const told = again.reduce((sum, { count }) => sum + (count ?? 0), 0);
    const isUnclear = again.some(({ count }) => count === null) ||
      restores.some((each) => each.server === server);
    if (isUnclear || told === known) return [];
    return [`${server} said that ${told} recipients of ${id} were dropped, and knows of ${known}`];
  });
}

/** Nobody is told about what was dropped, and what is not under way goes nowhere. */
function checkDropped(fate: Fate, { restores }: Ledger): readonly string[] {
  const { submission: { server, id }, failures, takings } = fate;
  const dropped = fate.drops.find((each) => each.server === server && each.id === id);
  if (dropped === undefined || restores.some((each) => each.server === server)) return [];
  const isReported = failures.some(({ from }) => from === server);
  const late = takings.some(({ client, heard, atMs }) =>
    client === server && heard && atMs > dropped.endedAtMs + DELIVERY_MS_MAX
  );
  return [
    ...(isReported ? [`${nameOf(fate)} was dropped, and its sender was told that it failed`] : []),
    ...(late ? [`${nameOf(fate)} was dropped, and given away long after that`] : []),
  ];
}

/** What is held, and was not under way then, is given to nobody until it is released. */
function checkHeld(fate: Fate, { holds, restores }: Ledger): readonly string[] {
  const { submission: { server, id, endedAtMs }, address, takings } = fate;
  const held = holds.filter((each) =>
    each.server === server && each.id === id && each.recipients.includes(address)
  );
  // Whatever waits in a backup may have been delivered since.
  const heldAgain = restores.filter((each) =>
    each.server === server && endedAtMs <= each.copiedAtMs
  ).map(({ backAtMs, releasedAtMs }) => ({ fromMs: backAtMs, untilMs: releasedAtMs }));
  return [...held, ...heldAgain].flatMap(({ fromMs, untilMs }) =>
    takings.some(({ client, heard, atMs }) =>
        client === server && heard && atMs > fromMs && atMs < untilMs
      )
      ? [`${nameOf(fate)} was given away while the operator held it`]
      : []
  );
}
