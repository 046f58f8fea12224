/** Every fuzz target. A new parser or session gets a file beside this one and a line here. */
import { target as pop3Client } from "./pop3_client.ts";
import { target as pop3Command } from "./pop3_command.ts";
import { target as pop3Server } from "./pop3_server.ts";
import type { FuzzTarget } from "./target.ts";
import { target as wireLines } from "./wire_lines.ts";

export const targets: readonly FuzzTarget[] = [
  pop3Client,
  pop3Command,
  pop3Server,
  wireLines,
];
