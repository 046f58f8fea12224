/** The scenario that `deno task sim` runs. */
import type { Scenario } from "./sim.ts";
import { twoServers } from "./two_servers.ts";

export const SCENARIO: Scenario = twoServers;
