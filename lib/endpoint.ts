/** Where something can be reached; known to the configuration and to the network alike. */
export interface Endpoint {
  /** An IP address, or where a person may name it, a host name. */
  readonly host: string;
  readonly port: number;
}

/** Only this machine can connect there, or listen in on it. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^127\./.test(address);
}

/** `host:port`, with brackets around an IPv6 address; also the key of a connection. */
export function endpointText({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
