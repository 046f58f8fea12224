/** Runs seeds 1, 2, 3 … up to the one that is named, and prints the first that fails, if any. */
import { SCENARIO } from "./scenario.ts";
import { simulate } from "./simulate.ts";

for (let seed = 1; seed <= Number(Deno.args[0]); seed++) {
  const { failures } = await simulate(SCENARIO, { seed });
  if (failures.length === 0) continue;
  console.log(JSON.stringify({ seed, failure: failures[0] }));
  break;
}
