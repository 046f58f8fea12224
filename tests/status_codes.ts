/**
 * The registry of enhanced status codes (RFC 5248 §2.4), as far as the RFCs fill it: the subject
 * and the detail, the RFC, and the classes that make sense.
 */
export const STATUS_CODES: ReadonlyMap<string, { readonly rfc: number; readonly classes: string }> =
  new Map(
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
      ...codes(4954, "7.8 7.9 7.11", "45"),
      ...codes(4954, "5.6", "5"),
      ...codes(5248, "7.10 7.12 7.13 7.14", "45"),
      ...codes(6531, "6.7 6.8 6.9", "25"),
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
    }, new Map<string, { readonly rfc: number; readonly classes: string }>()),
  );

function codes(rfc: number, list: string, classes: string) {
  return list.split(" ").map((code) => [code, rfc, classes] as const);
}
