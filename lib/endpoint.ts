/** Where something can be reached; known to the configuration and to the network alike. */
export interface Endpoint {
  /** An IP address, or where a person may name it, a host name. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, with brackets around an IPv6 address; also the key of a connection. */
export function endpointText({ host, port }: Endpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
