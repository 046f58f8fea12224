/** Where something can be reached; known to the configuration and to the network alike. */
export interface Endpoint {
  /** An IP address, or where a person may name it, a host name. */
  readonly host: string;
  readonly port: number;
}
