/** What keeps a load from doing harm: whom it may reach, and when it ends. */
import { isLoopback } from "../endpoint.ts";
import type { Transport } from "../net/world.ts";
import { isIn, parseNetwork } from "../policy/networks.ts";
import { EXIT, Failure } from "./fail.ts";

const SECONDS = 10;

/**
 * For how many milliseconds it goes on; `null`: until `counted` is reached. A load has an end, or a
 * person who is there to end it.
 */
export function durationOf(
  { seconds }: { readonly seconds?: number },
  counted: number | undefined,
): number | null {
  return seconds === undefined && counted !== undefined ? null : (seconds ?? SECONDS) * 1000;
}

/** Where one's own servers are. */
const PRIVATE = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"], // RFC 1918 §3
  "169.254.0.0/16", // RFC 3927 §1.2
  "fc00::/7", // RFC 4193 §3.1
  "fe80::/10", // RFC 4291 §2.5.6
].map(parseNetwork);

/** A slip of the finger must not flood a stranger. @throws {Failure} `usage` */
export function demandPrivate({ remote }: Transport): void {
  if (isLoopback(remote.host) || isIn(PRIVATE, remote.host)) return;
  throw new Failure(
    EXIT.usage,
    `${remote.host} is neither this machine nor in a private network, and nothing was sent: ` +
      "whoever floods a stranger's server does harm (--yes says that it is yours)",
  );
}
