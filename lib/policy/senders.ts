/** Under which addresses a user may send besides their own. */
import { accountName, type Address, parseMailbox, sameAddress } from "../mail/address.ts";
import type { AllowedSender } from "../config.ts";
import { asciiDomain } from "../idna.ts";
import { ProtocolError } from "../wire/error.ts";

/** By the account's name, in the form of `accountName`. */
export type AllowedSenders = ReadonlyMap<string, readonly SenderPattern[]>;

export type SenderPattern =
  | { readonly any: true }
  | { readonly domain: string }
  | { readonly address: Address };

/**
 * Reads what was said.
 * @throws {RangeError} that says what it may be
 */
export function parseAllowedSenders(
  allowed: readonly AllowedSender[],
  defaultDomain: string,
): AllowedSenders {
  const byAccount = new Map<string, SenderPattern[]>();
  for (const { user, sender } of allowed) {
    const account = readable(user, () => accountName(user, defaultDomain));
    const patterns = byAccount.get(account) ?? [];
    byAccount.set(account, [...patterns, parsePattern(sender)]);
  }
  return byAccount;
}

/** Whether one of an account's patterns is about this address. */
export function isAllowedSender(
  allowed: AllowedSenders,
  account: string,
  sender: Address,
): boolean {
  return (allowed.get(account) ?? []).some((pattern) => {
    if ("any" in pattern) return true;
    if ("domain" in pattern) return pattern.domain === sender.domain;
    return sameAddress(pattern.address, sender);
  });
}

function parsePattern(text: string): SenderPattern {
  if (text === "*") return { any: true };
  if (!text.startsWith("@")) {
    return { address: readable(text, () => parseMailbox(text, { utf8: true })) };
  }
  const domain = asciiDomain(text.slice(1));
  if (domain !== null && domain !== "") return { domain };
  throw new RangeError(`${JSON.stringify(text)} is not a domain behind an @`);
}

function readable<Value>(text: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new RangeError(`${JSON.stringify(text)}: ${error.message}`, { cause: error });
  }
}
