/** The web of a scenario: a few pages, which are had late, not whole, or not at all. */
import { type Https, NetError } from "../../lib/net/world.ts";
import { encode } from "../../lib/wire/bytes.ts";
import type { Faults } from "./faults.ts";
import { type Life, never } from "./life.ts";
import type { Prng } from "./prng.ts";

/** Plain text by its whole address. */
export type Pages = Map<string, string>;

export interface WebOptions {
  readonly pages: Pages;
  readonly life: Life;
  readonly prng: Prng;
  readonly faults: Faults;
  readonly tell: (line: string) => void;
}

/** Most answers come within that. */
const ANSWER_MS_MAX = 2_000;

/** HTTPS as one process has it. */
export function simHttps({ pages, life, prng, faults, tell }: WebOptions): Https {
  return {
    get(url, { timeoutMs, bytesMax, signal }) {
      if (!life.act()) return never();
      if (signal?.aborted) return Promise.reject(signal.reason);
      const lost = faults.strikes("web");
      const waitMs = lost ? timeoutMs : Math.min(timeoutMs, ANSWER_MS_MAX * prng.fraction());
      return new Promise((resolve, reject) => {
        const onAbort = () => {
          event.cancel();
          reject(signal!.reason);
        };
        const event = life.after(waitMs, () => {
          signal?.removeEventListener("abort", onAbort);
          tell(`${lost ? "no answer from" : "asked"} ${url}`);
          const text = pages.get(url);
          if (lost) return reject(new NetError("timeout", `no whole answer from ${url}`));
          if (text === undefined) return reject(new NetError("other", `there is no ${url}`));
          const body = encode(text);
          if (body.length > bytesMax) return reject(new NetError("other", "it is too long"));
          resolve({ status: 200, type: "text/plain", body });
        });
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    },
  };
}
