/** What the name servers of a scenario know. */

/** What the name servers know, by domain in lower case. */
export type Zones = Map<string, readonly ZoneRecord[]>;

export type ZoneRecord =
  | { readonly type: "MX"; readonly preference: number; readonly exchange: string }
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "TXT"; readonly text: string };
