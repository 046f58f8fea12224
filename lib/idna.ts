/** Domains in other scripts, RFC 5890: the one place that knows how the DNS spells them. */
import { domainToASCII } from "node:url";

/**
 * The spelling by which domains are compared, looked up and stored: lower case, each U-label as its
 * A-label, so that `BÜCHER.example` and `xn--bcher-kva.example` are one domain (RFC 5890 §2.3.2.4).
 * `null` when IDNA has no such domain. ASCII is left to the caller to judge: a label that only
 * looks like an A-label is a name like any other.
 */
export function asciiDomain(domain: string): string | null {
  // The platform takes `1.2` for a short IPv4 address, so it never sees what needs no translation.
  if (/^[ -~]*$/.test(domain)) return domain.toLowerCase();
  const ascii = domainToASCII(domain);
  return ascii === "" ? null : ascii;
}
