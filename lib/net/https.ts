/** HTTPS, over the runtime's own client. */
import { untrusted } from "./untrusted.ts";
import { type Https, type HttpsAnswer, type HttpsOptions, NetError } from "./world.ts";

/** Needs `--allow-net`. */
export function denoHttps(): Https {
  return { get };
}

async function get(url: string, options: HttpsOptions): Promise<HttpsAnswer> {
  const { timeoutMs, bytesMax, authorities = [], signal } = options;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const late = new NetError("timeout", `no whole answer from ${url} within ${timeoutMs / 1000} s`);
  const timer = setTimeout(() => stop.abort(late), timeoutMs);
  const onAbort = () => stop.abort(signal!.reason);
  signal?.addEventListener("abort", onAbort);
  const client = Deno.createHttpClient({ caCerts: [...authorities] });
  try {
    const response = await fetch(url, {
      client,
      redirect: "manual",
      cache: "no-store",
      signal: stop.signal,
    });
    const body = await bodyOf(response, bytesMax);
    return { status: response.status, type: response.headers.get("content-type") ?? "", body };
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : httpsError(error, url);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    client.close();
  }
}

async function bodyOf(response: Response, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new NetError("other", `the answer has over ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

function httpsError(error: unknown, url: string): NetError {
  if (error instanceof NetError) return error;
  const { hostname } = new URL(url);
  // Deno 2.9 says that it failed, and only behind that what it was.
  const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const words = reason instanceof Error ? reason.message : String(reason);
  return untrusted(reason, hostname) ??
    new NetError("other", `cannot get ${url}: ${words}`, { cause: error });
}
