/** Keeping to the limits that a server announces, RFC 9422: recipients in as many groups. */
import type { Link, OpenAttempt } from "./client_link.ts";

export interface Groups {
  /** Each for a transaction of its own, in their order. */
  readonly groups: readonly (readonly OpenAttempt[])[];
  /** There is no place for these on this connection. */
  readonly left: readonly OpenAttempt[];
}

/** Whether the server takes no more transactions on this connection. */
export function isUsedUp(link: Link): boolean {
  return mailsLeft(link) <= 0;
}

/** How many transactions the server still takes on this connection. */
export function mailsLeft({ extensions, mails }: Link): number {
  return (extensions.limits.mailsMax ?? Infinity) - mails;
}

/** Divides the recipients of one message. */
export function groupsFor(link: Link, attempts: readonly OpenAttempt[]): Groups {
  const { recipientsMax, recipientDomainsMax } = link.extensions.limits;
  const domains = new Set(link.domains);
  const groups: OpenAttempt[][] = [];
  const left: OpenAttempt[] = [];
  for (const attempt of attempts) {
    const { domain } = attempt.recipient.address;
    const last = groups.at(-1);
    const full = last === undefined || last.length >= (recipientsMax ?? Infinity);
    const newDomain = !domains.has(domain);
    if (
      (newDomain && domains.size >= (recipientDomainsMax ?? Infinity)) ||
      (full && groups.length >= mailsLeft(link))
    ) {
      left.push(attempt);
      continue;
    }
    if (full) groups.push([attempt]);
    else last.push(attempt);
    domains.add(domain);
  }
  return { groups, left };
}
