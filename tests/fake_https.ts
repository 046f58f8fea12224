/** The web in the hands of a test: it has the pages that it was told, and no other. */
import { type Https, type HttpsOptions, NetError } from "../lib/net/world.ts";
import { encode } from "../lib/wire/bytes.ts";
import type { FakeClock } from "./fake_transport.ts";

export interface FakePage {
  /** Default 200. */
  readonly status?: number;
  /** Default `text/plain`. */
  readonly type?: string;
  readonly text?: string;
}

export interface FakeHttps extends Https {
  /** From now on there is this page; `silence`: an answer that does not come. */
  set(url: string, page: FakePage | "silence"): void;
  /** From now on there is no such host. */
  remove(url: string): void;
  /** What was asked for, in its order. */
  readonly asked: readonly (HttpsOptions & { readonly url: string })[];
}

export function fakeHttps(clock: FakeClock): FakeHttps {
  const pages = new Map<string, FakePage | "silence">();
  const asked: (HttpsOptions & { readonly url: string })[] = [];
  return {
    asked,
    set: (url, page) => void pages.set(url, page),
    remove: (url) => void pages.delete(url),
    async get(url, options) {
      asked.push({ ...options, url });
      const page = pages.get(url);
      if (page === undefined) throw new NetError("unknownHost", `there is no ${url}`);
      if (page === "silence") {
        await clock.sleep(options.timeoutMs, options.signal);
        throw new NetError("timeout", `no whole answer from ${url}`);
      }
      const body = encode(page.text ?? "");
      if (body.length > options.bytesMax) throw new NetError("other", "the answer is too long");
      return { status: page.status ?? 200, type: page.type ?? "text/plain", body };
    },
  };
}
