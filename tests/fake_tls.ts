/**
 * TLS as a world in memory has it: nothing is encrypted, but both sides have to come, the
 * certificate has to fit, and what was said in clear before must have been heard.
 */
import { covers } from "../lib/net/certificate.ts";
import { type KeyPair, NetError, type TlsServerIdentity } from "../lib/net/world.ts";
import type { TlsCertificate, TlsInfo, TlsRequest } from "../lib/wire/session.ts";

/** What every upgrade gives here. */
export const FAKE_TLS: TlsInfo = {
  version: "TLSv1.3",
  cipher: "TLS_AES_256_GCM_SHA384",
  binding: new Uint8Array(32).fill(7),
  fingerprint: "07:07",
};

/**
 * An identity whose certificates are lists of names: `{ certificate: "abc.com,*.abc.com", key: ""
 * }`. A client with verification trusts it when one of its authorities is the same text.
 */
export function fakeIdentity(pairs: readonly KeyPair[]): TlsServerIdentity {
  let certificates = pairs.map(certificateOf);
  return {
    get certificates() {
      return certificates;
    },
    reload(pairs) {
      certificates = pairs.map(certificateOf);
    },
  };
}

function certificateOf({ certificate }: KeyPair): TlsCertificate {
  const validUntilMs = Number.MAX_SAFE_INTEGER;
  return {
    names: certificate.split(","),
    fingerprint: FAKE_TLS.fingerprint!,
    validFromMs: 0,
    validUntilMs,
  };
}

/** Where the two ends of one connection meet for their handshake. */
export interface FakeHandshake {
  /** `unheard`: bytes wait at this end that were said in clear. */
  come(request: TlsRequest, unheard: boolean): Promise<TlsInfo>;
  /** The connection ends, and with it the handshake. */
  break(): void;
}

export function fakeHandshake(): FakeHandshake {
  const waiting: { request: TlsRequest; outcome: PromiseWithResolvers<TlsInfo> }[] = [];
  return {
    come(request, unheard) {
      const outcome = Promise.withResolvers<TlsInfo>();
      waiting.push({ request, outcome });
      if (unheard) fail(new NetError("handshake", "what came is not TLS"));
      else if (waiting.length === 2) {
        const failure = disagreement(waiting.map(({ request }) => request));
        if (failure !== null) fail(failure);
        else for (const { outcome } of waiting.splice(0)) outcome.resolve(FAKE_TLS);
      }
      return outcome.promise;
    },
    break: () => fail(new NetError("lost", "the connection broke")),
  };

  function fail(why: NetError): void {
    for (const { outcome } of waiting.splice(0)) outcome.reject(why);
  }
}

function disagreement(requests: readonly TlsRequest[]): NetError | null {
  const server = requests.find((request) => request.side === "server");
  const client = requests.find((request) => request.side === "client");
  if (server === undefined || client === undefined) {
    return new NetError("handshake", "both are on the same side");
  }
  const { certificates } = server.identity;
  const named = certificates.find(({ names }) => covers(names, client.hostname));
  const trusted = client.authorities?.includes((named ?? certificates[0]!).names.join(","));
  if (!client.verify || (named !== undefined && trusted)) return null;
  return new NetError("untrusted", `${client.hostname} cannot be trusted`);
}
