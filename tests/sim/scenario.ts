/** The scenario that `deno task sim` runs. */
import type { Scenario } from "./sim.ts";
import { correspondence } from "./correspondence.ts";

export const SCENARIO: Scenario = correspondence;
