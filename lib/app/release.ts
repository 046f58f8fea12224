/** The hour of a message that was held for recipients here (RFC 4865). */
import type { Release } from "../queue/outcome.ts";
import type { Taken } from "../store/store.ts";
import { logMissing, planDeliveries } from "./deliveries.ts";
import { listMessages } from "./lists.ts";
import type { Site } from "./site.ts";

/**
 * Where it goes now, for recipients of one message; aliases and lists are those of this hour. What
 * a list sends on comes with the first of them.
 */
export function releaseOf(site: Site, group: readonly Taken[]): readonly Release[] {
  const { message: id, envelope, content } = group[0]!;
  const now = site.world.clock.now();
  const expansions = group.map(({ recipient }) => site.accounts.expand(recipient.address));
  const here = group.filter((_, at) => typeof expansions[at] !== "string");
  const { hold: _, ...released } = envelope;
  const plan = planDeliveries(site, here.map(({ recipient }) => recipient), released, now);
  const copies = listMessages(site, { id, acceptedAt: now, envelope, content }, plan);
  logMissing(site, id, plan);
  return group.map(({ recipient }, at) => {
    const expansion = expansions[at]!;
    if (typeof expansion === "string") return expansion;
    const planned = plan.recipients.find((each) => each.recipient === recipient)!;
    return { ...planned, copies: recipient === here[0]!.recipient ? copies : [] };
  });
}
