/** A certificate that a server makes for itself, for where no authority will sign one. */
import { Buffer } from "node:buffer";
import { isIP } from "node:net";
import { marksOf } from "./certificate.ts";
import type { KeyPair } from "./world.ts";

export interface SelfSigned extends KeyPair {
  /** SHA-256, `AB:CD:…`: what people compare before they trust it. */
  readonly fingerprint: string;
}

export interface SelfSignedOptions {
  /** DNS names and IP addresses, at least one. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Tells it from others of the same names: 16 bytes by chance. */
  readonly serial: Uint8Array;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** The clocks of those who look at it may be late. */
const BACKDATED_MS = DAY_MS;
/**
 * Ten years: it is trusted by its fingerprint or by name, so each renewal is work for everybody who
 * trusts it, and shows less than a leaked key would.
 */
const VALID_MS = 3650 * DAY_MS;

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };

/**
 * Makes a key on P-256, and a certificate for it that it signed itself.
 * @throws {TypeError} when there is no name.
 */
export async function selfSigned(options: SelfSignedOptions): Promise<SelfSigned> {
  const { names, nowMs, serial } = options;
  const [first] = names;
  if (first === undefined) throw new TypeError("A certificate needs a name");
  // Needed once in a server's life, and large; the first is what the second is built on.
  await import("$reflect");
  const x509 = await import("$x509");

  const keys = await crypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    signingAlgorithm: SIGNATURE,
    serialNumber: positive(serial),
    // RFC 5280, appendix A.1: at most 64 characters; clients look at the alternative names instead.
    name: [{ CN: [first.slice(0, 64)] }],
    notBefore: new Date(nowMs - BACKDATED_MS),
    notAfter: new Date(nowMs + VALID_MS),
    extensions: [
      // RFC 5280 §4.2.1.9: the runtime refuses a server that shows an authority's certificate.
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? "dns" as const : "ip" as const, value })),
      ),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: `${certificate.toString("pem")}\n`,
    key: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
    fingerprint: marksOf(new Uint8Array(certificate.rawData)).fingerprint,
  };
}

/** RFC 5280 §4.1.2.2: a serial number is positive, so its first bit is 0, and not 0 as a whole. */
function positive(serial: Uint8Array): string {
  const bytes = Uint8Array.from(serial);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return Buffer.from(bytes).toString("hex");
}
