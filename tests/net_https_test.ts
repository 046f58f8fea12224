/** HTTPS of the real world, against a server on loopback. */
import assert from "$assert";
import { denoHttps } from "../lib/net/https.ts";
import { decode } from "../lib/wire/bytes.ts";
import { isNetError, lab } from "./tls_support.ts";

interface Web extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly string[];
}

async function startWeb(
  answer: (path: string) => Response | Promise<Response>,
  pair: "good" | "other" = "good",
): Promise<Web> {
  const { [pair]: shown } = await lab();
  const asked: string[] = [];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    cert: shown.certificate,
    key: shown.key,
    onListen() {},
    onError: () => new Response(null, { status: 500 }),
  }, (request) => {
    const { pathname } = new globalThis.URL(request.url);
    asked.push(pathname);
    return answer(pathname);
  });
  return {
    url: `https://localhost:${server.addr.port}`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function options(more: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}) {
  const { authority } = await lab();
  return { timeoutMs: 10_000, bytesMax: 1000, authorities: [authority.certificate], ...more };
}

Deno.test("what a server answers comes with its status and its type", async () => {
  await using web = await startWeb((path) =>
    path === "/found"
      ? new Response("hello", { headers: { "content-type": "text/plain; charset=utf-8" } })
      : new Response(null, { status: 404 })
  );
  const https = denoHttps();
  const found = await https.get(`${web.url}/found`, await options());
  assert.equal(decode(found.body), "hello");
  assert.deepEqual([found.status, found.type], [200, "text/plain; charset=utf-8"]);
  const lost = await https.get(`${web.url}/lost`, await options());
  assert.deepEqual([lost.status, lost.type, lost.body.length], [404, "", 0]);
});

Deno.test("RFC 8461 §3.3: a redirection is an answer, and is not followed", async () => {
  await using web = await startWeb(() =>
    new Response(null, { status: 302, headers: { location: "/elsewhere" } })
  );
  assert.equal((await denoHttps().get(`${web.url}/here`, await options())).status, 302);
  assert.deepEqual(web.asked, ["/here"]);
});

Deno.test("a certificate has to be for the name, and of somebody who is trusted", async () => {
  await using web = await startWeb(() => new Response("secret"));
  const https = denoHttps();
  const { authorities: _, ...withoutAuthorities } = await options();
  await assert.rejects(https.get(`${web.url}/`, withoutAuthorities), isNetError("untrusted"));
  await using other = await startWeb(() => new Response("secret"), "other");
  await assert.rejects(
    https.get(`${other.url}/`, await options()),
    isNetError("untrusted", /for other\.example, .*not for localhost/),
  );
  assert.deepEqual([...web.asked, ...other.asked], []);
});

Deno.test("an answer that is too long is given up", async () => {
  await using web = await startWeb((path) => new Response("x".repeat(Number(path.slice(1)))));
  const https = denoHttps();
  assert.equal((await https.get(`${web.url}/1000`, await options())).body.length, 1000);
  await assert.rejects(
    https.get(`${web.url}/1001`, await options()),
    isNetError("other", /over 1000 bytes/),
  );
});

Deno.test("an answer that does not come, or does not end, is waited for no longer", async () => {
  const held = Promise.withResolvers<Response>();
  const endless = new ReadableStream<Uint8Array>({ pull: (to) => to.enqueue(new Uint8Array(1)) });
  const slow = new ReadableStream<Uint8Array>({
    pull: async (to) => {
      await held.promise;
      to.close();
    },
  });
  await using web = await startWeb((path) =>
    path === "/held" ? held.promise : new Response(path === "/slow" ? slow : endless)
  );
  const https = denoHttps();
  for (const path of ["held", "slow"]) {
    await assert.rejects(
      https.get(`${web.url}/${path}`, await options({ timeoutMs: 300 })),
      isNetError("timeout", /within 0\.3 s/),
    );
  }
  await assert.rejects(https.get(`${web.url}/endless`, await options()), isNetError("other"));
  const stop = new AbortController();
  const getting = https.get(`${web.url}/held`, await options({ signal: stop.signal }));
  stop.abort(new Error("we stop"));
  await assert.rejects(getting, /we stop/);
  await assert.rejects(https.get(web.url, await options({ signal: stop.signal })), /we stop/);
  held.resolve(new Response("at last"));
});

Deno.test("where nobody answers, that is said", async () => {
  await using web = await startWeb(() => new Response());
  const { url } = web;
  await web[Symbol.asyncDispose]();
  await assert.rejects(denoHttps().get(url, await options()), isNetError("other", /cannot get/));
});
