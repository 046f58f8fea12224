/** How many connections the system's limit of open files can carry. */
import type { ServerConfig } from "../config.ts";
import { openFilesLeft } from "../net/open_files.ts";
import { TLS_FILES_PER_CONNECTION } from "../net/tls_upgrade.ts";

/** For the store, the listeners, the operator's commands, and 200 deliveries to other servers. */
export const RESERVED_FILES = 300;
/** Fewer would be no server; what is then refused is refused by the system. */
const CONNECTIONS_LEAST = 10;

/**
 * The configuration with as many connections as there can be, and a sentence where that is fewer
 * than were asked for. `left` says how many of so many files can be opened; `null`: nobody knows.
 */
export function withinOpenFiles(
  config: ServerConfig,
  hasTls: boolean,
  left: (wanted: number) => number | null = openFilesLeft,
): { readonly config: ServerConfig; readonly warning: string | null } {
  const each = hasTls ? TLS_FILES_PER_CONNECTION : 1;
  const wanted = config.connectionsMax * each + RESERVED_FILES;
  const found = left(wanted);
  if (found === null || found >= wanted) return { config, warning: null };
  const fitting = Math.floor((found - RESERVED_FILES) / each);
  const connectionsMax = Math.min(config.connectionsMax, Math.max(CONNECTIONS_LEAST, fitting));
  const warning = `The system lets this process open ${found} more files, which is enough for ` +
    `${connectionsMax} connections (${each} each): --max-connections ${config.connectionsMax} ` +
    "needs a higher limit (ulimit -n, LimitNOFILE=).";
  return { config: { ...config, connectionsMax }, warning };
}
