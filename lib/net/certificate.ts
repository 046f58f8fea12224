/** What is in a certificate, as far as a server has to know its own and a client the server's. */
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { TlsCertificate } from "../wire/session.ts";
import { type KeyPair, NetError } from "./world.ts";

/** What the peer is, told by its certificate. */
export interface CertificateMarks {
  /** The channel binding `tls-server-end-point`; see `TlsInfo`. */
  readonly binding: Uint8Array | null;
  /** SHA-256 as people compare it: `AB:CD:…`. */
  readonly fingerprint: string;
}

/** A pair of ours that was looked at and found usable. */
export interface CheckedPair {
  readonly pair: KeyPair;
  readonly facts: TlsCertificate;
  readonly marks: CertificateMarks;
}

/**
 * Looks at a pair before a client does.
 * @throws {NetError} `unusable` when either cannot be read, or they do not belong together.
 */
export function checkPair(pair: KeyPair): CheckedPair {
  const certificate = readable(
    () => new X509Certificate(pair.certificate),
    "the certificate cannot be read (a PEM file is wanted: -----BEGIN CERTIFICATE-----)",
  );
  const key = readable(
    () => createPrivateKey(pair.key),
    "the private key cannot be read (a PEM file without password is wanted: " +
      "-----BEGIN PRIVATE KEY-----)",
  );
  const names = namesIn(certificate.subjectAltName ?? "");
  if (!certificate.checkPrivateKey(key)) {
    const whose = names[0] ?? certificate.subject;
    throw new NetError("unusable", `the private key does not belong to the certificate: ${whose}`);
  }
  const marks = marksOf(certificate.raw);
  return {
    pair,
    marks,
    facts: {
      names,
      fingerprint: marks.fingerprint,
      validFromMs: Date.parse(certificate.validFrom),
      validUntilMs: Date.parse(certificate.validTo),
    },
  };
}

function readable<T>(read: () => T, complaint: string): T {
  try {
    return read();
  } catch (cause) {
    throw new NetError("unusable", complaint, { cause });
  }
}

/** `DNS:a.example, IP Address:127.0.0.1` as the two names. */
function namesIn(subjectAltName: string): readonly string[] {
  return subjectAltName.split(", ").flatMap((entry) => {
    const [, name] = /^(?:DNS|IP Address):(.+)$/.exec(entry) ?? [];
    return name === undefined ? [] : [name.toLowerCase()];
  });
}

/** Whether a certificate's names cover this one; it has to be in lower case. */
export function covers(names: readonly string[], name: string): boolean {
  // RFC 9525 §6.3: a `*` stands for exactly one label, the first.
  const dot = name.indexOf(".");
  return names.includes(name) || (dot > 0 && names.includes(`*${name.slice(dot)}`));
}

/** What tells this certificate (DER) from others. */
export function marksOf(der: Uint8Array): CertificateMarks {
  const hash = bindingHash(der);
  const digest = createHash("sha256").update(der).digest("hex").toUpperCase();
  return {
    binding: hash === null ? null : new Uint8Array(createHash(hash).update(der).digest()),
    fingerprint: digest.match(/../g)!.join(":"),
  };
}

/**
 * RFC 5929 §4.1: the hash of the certificate's signature, but SHA-256 in place of MD5 and SHA-1.
 * `null` where the signature has none.
 */
function bindingHash(der: Uint8Array): "sha256" | "sha384" | "sha512" | null {
  // RFC 5280 §4.1: Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }
  const [certificate] = elementsIn(der);
  const [, algorithm] = elementsIn(certificate ?? NOTHING);
  const [identifier, parameters] = elementsIn(algorithm ?? NOTHING);
  const name = hexOf(identifier ?? NOTHING);
  if (name !== RSA_PSS) return SIGNATURE_HASHES.get(name) ?? null;
  // RFC 4055 §3.1: the hash is the first parameter, [0] { SEQUENCE { OID } }; SHA-1 when left out.
  const [tagged] = elementsIn(parameters ?? NOTHING);
  const [hash] = elementsIn(tagged ?? NOTHING);
  const [oid] = elementsIn(hash ?? NOTHING);
  return PSS_HASHES.get(hexOf(oid ?? NOTHING)) ?? "sha256";
}

/** The contents of the DER elements that follow one another here; of what is cut off, the rest. */
function elementsIn(der: Uint8Array): readonly Uint8Array[] {
  const contents: Uint8Array[] = [];
  for (let at = 0; at + 2 <= der.length;) {
    let length = der[at + 1]!;
    at += 2;
    if (length & 0x80) {
      const more = length & 0x7f;
      length = der.subarray(at, at + more).reduce((sum, byte) => sum * 256 + byte, 0);
      at += more;
    }
    contents.push(der.subarray(at, at + length));
    at += length;
  }
  return contents;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

const NOTHING = new Uint8Array(0);
const RSA_PSS = "2a864886f70d01010a";

/** By the object identifier of the signature algorithm (RFC 4055, RFC 5758). */
const SIGNATURE_HASHES: ReadonlyMap<string, "sha256" | "sha384" | "sha512"> = new Map([
  ["2a864886f70d010104", "sha256"], // md5WithRSAEncryption
  ["2a864886f70d010105", "sha256"], // sha1WithRSAEncryption
  ["2a864886f70d01010b", "sha256"], // sha256WithRSAEncryption
  ["2a864886f70d01010c", "sha384"],
  ["2a864886f70d01010d", "sha512"],
  ["2a8648ce3d0401", "sha256"], // ecdsa-with-SHA1
  ["2a8648ce3d040302", "sha256"], // ecdsa-with-SHA256
  ["2a8648ce3d040303", "sha384"],
  ["2a8648ce3d040304", "sha512"],
]);

const PSS_HASHES: ReadonlyMap<string, "sha256" | "sha384" | "sha512"> = new Map([
  ["608648016503040201", "sha256"],
  ["608648016503040202", "sha384"],
  ["608648016503040203", "sha512"],
]);
