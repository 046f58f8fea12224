/** The scenario that `deno task sim` runs. */
import { correspondence } from "./correspondence.ts";
import type { Scenario } from "./sim.ts";

export const SCENARIO: Scenario = correspondence;
