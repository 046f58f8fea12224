/** What is wrong with a server's certificate, in words that say what to do. */
import { NetError } from "./world.ts";

/** What the runtime says of a certificate, and what that means. The first that fits is taken. */
const COMPLAINTS: readonly (readonly [RegExp, (hostname: string, said: string) => string])[] = [
  [
    /certificate expired|Expired/,
    () =>
      "its certificate has expired (its operator has to renew it, unless the clock here is wrong)",
  ],
  [
    /not valid yet|NotValidYet/,
    () => "its certificate is not valid yet (is the clock here right?)",
  ],
  [
    /not valid for name|NotValidForName/,
    (hostname, said) =>
      `its certificate is ${namesIn(said)}, not for ${hostname} (is that the name of this server?)`,
  ],
  [
    /UnknownIssuer/,
    () =>
      "nobody who is trusted here has signed its certificate (if this is the right server, " +
      "name its certificate, or the one of its authority, as trusted)",
  ],
  [
    /CaUsedAsEndEntity/,
    () => "its certificate is one for signing others (its operator has to make one with CA:FALSE)",
  ],
  [/Revoked/, () => "its certificate was revoked"],
  [/invalid peer certificate/, (_hostname, said) => `its certificate will not do: ${said}`],
];

/** The handshake's failure as `untrusted`; `null` where it is not about the certificate. */
export function untrusted(error: unknown, hostname: string): NetError | null {
  const said = error instanceof Error ? error.message : String(error);
  if (!said.includes("invalid peer certificate")) return null;
  const [, words] = COMPLAINTS.find(([pattern]) => pattern.test(said))!;
  return new NetError("untrusted", `${hostname} cannot be trusted: ${words(hostname, said)}`, {
    cause: error,
  });
}

/**
 * What kept the runtime from even beginning to verify: a hostname that no certificate can be for,
 * or authorities that it cannot read.
 */
export function cannotVerify(error: unknown, hostname: string): NetError {
  const said = error instanceof Error ? error.message : String(error);
  return /hostname/i.test(said)
    ? new NetError("untrusted", `no certificate can be for the name ${hostname}`, { cause: error })
    : new NetError("unusable", `a trusted certificate cannot be read: ${said}`, { cause: error });
}

/** `certificate is only valid for DnsName("a.example") or IpAddress(…)` as the names alone. */
function namesIn(said: string): string {
  const [, list = ""] = /only valid for (.*)$/.exec(said) ?? [];
  const names = [...list.matchAll(/\("?([^")]+)"?\)/g)].map(([, name]) => name);
  return names.length === 0 ? "for another name" : `for ${names.join(", ")}`;
}
