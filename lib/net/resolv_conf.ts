/** Whom the system asks about names: what `/etc/resolv.conf` says, and nothing else of it. */
import { canonicalAddress } from "../mail/literal.ts";

/** As many as the C library asks; what stands behind them was never meant to be. */
const SERVERS_MAX = 3;

/**
 * The addresses of the resolvers, in their order. Without any, it is this machine, as in the C
 * library. Options and search lists are for names that people abbreviate, and mail has none (RFC
 * 5321 §5.1).
 */
export function resolversIn(text: string): readonly string[] {
  const found = text.split("\n").flatMap((line) => {
    const [, server] = /^nameserver[ \t]+(\S+)/.exec(line) ?? [];
    const address = server === undefined ? null : canonicalAddress(server);
    return address === null ? [] : [address];
  });
  return found.length === 0 ? ["127.0.0.1"] : found.slice(0, SERVERS_MAX);
}
