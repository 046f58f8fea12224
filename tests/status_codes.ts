/** One row of the registry. */
export interface StatusCode {
  readonly rfc: number;
  /** The classes that make sense. */
  readonly classes: string;
}

/**
 * The registry of enhanced status codes (RFC 5248 §2.4), as far as the RFCs fill it, by the subject
 * and the detail.
 */
export const STATUS_CODES: ReadonlyMap<string, StatusCode> = new Map(
  [
    // RFC 3463
    ...codes(3463, "0.0", "245"),
    ...codes(3463, "1.0 1.1 1.2 1.3 1.4 1.6 1.7 1.8", "45"),
    ...codes(3463, "1.5", "2"),
    ...codes(3463, "2.0 2.1 2.2 2.3 2.4", "45"),
    ...codes(3463, "3.0 3.1 3.2 3.3 3.4 3.5", "45"),
    ...codes(3463, "4.0 4.1 4.2 4.3 4.4 4.5 4.6 4.7", "45"),
    ...codes(3463, "5.0 5.1 5.2 5.3 5.4 5.5", "45"),
    ...codes(3463, "6.0 6.1 6.2 6.3 6.4 6.5", "45"),
    ...codes(3463, "7.0 7.1 7.2 7.3 7.4 7.5 7.6 7.7", "245"),
    // A sender or a recipient who is taken: RFC 3463 §3.2 names 2.1.5; 2.1.0 says "other".
    ...codes(3463, "1.0 1.5", "2"),
    ...codes(3886, "1.9", "25"),
    ...codes(4468, "6.6", "45"),
    ...codes(4954, "7.8 7.9 7.11 7.12", "45"),
    ...codes(4954, "5.6", "5"),
    ...codes(5248, "7.10 7.13 7.14", "45"),
    ...codes(6531, "6.7 6.9", "5"),
    ...codes(6531, "6.8", "25"),
    ...codes(6710, "3.6", "2"),
    ...codes(6710, "7.15 7.16", "45"),
    ...codes(7293, "7.17 7.18 7.19", "45"),
    ...codes(7372, "7.20 7.21 7.22 7.23 7.24 7.25 7.26", "45"),
    ...codes(7505, "1.10 7.27", "5"),
    ...codes(8616, "7.28", "45"),
    ...codes(8617, "7.29", "5"),
    ...codes(8689, "7.30", "5"),
  ].reduce((known, [code, rfc, classes]) => {
    const before = known.get(code)?.classes ?? "";
    return known.set(code, { rfc, classes: before + classes });
  }, new Map<string, StatusCode>()),
);

/**
 * The replies that a status belongs to, where its RFC names them and means no others. RFC 5248 §2.4
 * gives the older ones replies that are only usual.
 */
export const STATUS_REPLIES: ReadonlyMap<string, readonly number[]> = new Map([
  ["1.10", [556]], // RFC 7505 §4.1
  ["3.6", [250, 251]], // RFC 6710 §10
  ["5.6", [500]], // RFC 4954 §6
  ["6.6", [554]], // RFC 5248 §2.4
  ["6.7", [550, 553]], // RFC 6531 §4
  ["6.8", [252, 550, 553]],
  ["6.9", [550, 554]], // the registry has 550, RFC 6531 §3.5 has 554
  ["7.8", [535, 554]], // RFC 4954 §6
  ["7.9", [534]],
  ["7.10", [523, 550]], // RFC 8689 §4.2.1 gives it to what comes back
  ["7.11", [524, 538]],
  ["7.12", [422, 432]],
  ["7.13", [525]], // RFC 5248 §2.4
  ["7.14", [535, 554]],
  ["7.27", [550]], // RFC 7505 §4.2
  ["7.30", [550]], // RFC 8689 §7
]);

function codes(rfc: number, list: string, classes: string) {
  return list.split(" ").map((code) => [code, rfc, classes] as const);
}
