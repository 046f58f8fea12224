/** Proxies: who may say for whom they speak, and what that gives nobody. */
import type { Mutant } from "./mutant.ts";

const PROXY = "tests/app_proxy_test.ts";

export const PROXY_MUTANTS: readonly Mutant[] = [
  {
    name: "server: anybody may send a PROXY header",
    file: "lib/app/server.ts",
    find: "const mayForward = this.#isProxy(transport.remote.host);",
    replace: "const mayForward = true;",
    test: { file: PROXY, name: "PROXY 1 from others is only a bad command" },
    why: "strangers could take any address, and count as this machine itself",
  },
  {
    name: "xclient: anybody may say it",
    file: "lib/smtp/xclient.ts",
    find: "  if (options.forward === null) {\n",
    replace: '  if (options.hostname === "") {\n',
    test: {
      file: "tests/smtp_xclient_test.ts",
      name: "smtpServer lets only a trusted proxy say for whom it speaks",
    },
    why: "strangers could take any address, and any account",
  },
  {
    name: "xclient: whoever is behind a proxy counts as on this machine",
    file: "lib/smtp/xclient.ts",
    find: "  connection.plainAuth = options.forward.plainAuth(peer.address);\n",
    replace: "",
    test: {
      file: PROXY,
      name: "a client behind a proxy is not on this machine, although the proxy is",
    },
    why: "passwords would cross the network in clear",
  },
  {
    name: "networks: one bit too few",
    file: "lib/policy/networks.ts",
    find: ">> (8 - counted) === 0",
    replace: ">> (8 - counted) <= 1",
    test: { file: "tests/policy_networks_test.ts" },
    why: "twice as many could say for whom they speak",
  },
];
