import assert from "$assert";
import { saslprep } from "../../lib/sasl/saslprep.ts";
import { decode, encode } from "../../lib/wire/bytes.ts";
import type { FuzzTarget } from "./target.ts";

export const target: FuzzTarget = {
  name: "sasl_saslprep",
  invariant:
    "what was prepared is not changed by preparing it again, holds no control character, and " +
    "what may be stored is what is asked for",
  seeds: [
    "plain",
    "I\u00adX",
    "\u00aa\u2168",
    "\u0627\u0031\u0628",
    "\u0627\u0031",
    "\u1680x\u{1F4E7}",
    "\u0007",
    "\u0221 \u1e9b\u0323",
  ].map(encode),
  run(input) {
    const text = decode(input);
    const query = saslprep(text, "query");
    const stored = saslprep(text, "stored");
    if (stored !== null) assert.equal(stored, query);
    if (query === null) return;
    assert.equal(saslprep(query, "query"), query);
    if (text !== query || /[^ -~]/.test(text)) assert.doesNotMatch(query, /\p{Cc}/u);
  },
};
