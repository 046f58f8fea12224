/** Every fuzz target. A new parser or session gets a file beside this one and a line here. */
import type { FuzzTarget } from "./target.ts";
import { target as wireLines } from "./wire_lines.ts";

export const targets: readonly FuzzTarget[] = [wireLines];
