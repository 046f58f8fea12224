/** Where something can be reached; known to the configuration and to the network alike. */
export interface Endpoint {
  /** An IP address, or where a person may name it, a host name. */
  readonly host: string;
  /** From 1 to 65535; 0 where one is to be picked. */
  readonly port: number;
}

/** A next server that a person has named, and how it is spoken to. */
export interface Relay extends Endpoint {
  /** Default `smtp`. `lmtp`: a reply for each recipient behind the message (RFC 2033). */
  readonly protocol?: "smtp" | "lmtp";
  /**
   * `offered`: TLS that nobody verifies, or none. `required`: by STARTTLS, `first`: from the first
   * byte (RFC 8314 §3.3); both with a certificate that is valid for `host`, or nothing is sent.
   * Default `offered`; with a login, `required` unless `host` is this machine.
   */
  readonly tls?: "offered" | "required" | "first";
  /** Who logs in there before anything is sent. Never shown, never logged. */
  readonly login?: { readonly user: string; readonly password: string };
}

/** Only this machine can connect there, or listen in on it. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^127\./.test(address);
}

/** `host:port`, with brackets around an IPv6 address; also the key of a connection. */
export function endpointText({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
