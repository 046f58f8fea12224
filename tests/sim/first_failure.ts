/** Runs the seeds between two that are named, and prints the first that fails, if any does. */
import { SCENARIO } from "./scenario.ts";
import { simulate } from "./simulate.ts";

const [first, last] = Deno.args.map(Number);
for (let seed = first!; seed <= last!; seed++) {
  const { failures } = await simulate(SCENARIO, { seed });
  if (failures.length === 0) continue;
  console.log(JSON.stringify({ seed, failure: failures[0] }));
  break;
}
