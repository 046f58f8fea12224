/** Proxies: who may say for whom they speak, and what that gives nobody. */
import type { Mutant } from "./mutant.ts";

const PROXY = "tests/app_proxy_test.ts";

export const PROXY_MUTANTS: readonly Mutant[] = [
  {
    name: "proxied: anybody may send a PROXY header",
    file: "lib/app/proxied.ts",
    find: "if (!isProxy(remote.host)) return itself;",
    replace: "",
    test: { file: PROXY, name: "PROXY 1 from others is only a bad command" },
    why: "strangers could take any address, and count as this machine itself",
  },
  {
    name: "xclient: anybody may say it",
    file: "lib/smtp/xclient.ts",
    find: "  if (forward === null) {\n",
    replace: '  if (forward === null && options.hostname === "") {\n',
    test: {
      file: "tests/smtp_xclient_test.ts",
      name: "smtpServer lets only a trusted proxy say for whom it speaks",
    },
    why: "strangers could take any address, and any account",
  },
  {
    name: "xclient: whoever is behind a proxy counts as on this machine",
    file: "lib/smtp/xclient.ts",
    find: "  connection.plainAuth = forward.plainAuth;\n",
    replace: "",
    test: {
      file: PROXY,
      name: "a client behind a proxy is not on this machine, although the proxy is",
    },
    why: "passwords would cross the network in clear",
  },
  {
    name: "proxied: whoever a header names may what the proxy may",
    file: "lib/app/proxied.ts",
    find: "direct: false, transport };",
    replace: "direct: remote !== null, transport };",
    test: {
      file: PROXY,
      name: "an address of ours or of a proxy, named by a proxy, is nothing",
    },
    why: "an address that a header names would be taken for this machine, or for a proxy",
  },
  {
    name: "proxied: whoever the proxy does not know may what the proxy may",
    file: "lib/app/proxied.ts",
    find: "return { ...itself, direct: false };",
    replace: "return itself;",
    test: {
      file: PROXY,
      name: "a client behind a trusted proxy may nothing of what the proxy may",
    },
    why: "strangers whose address the proxy cannot tell could log in as anybody",
  },
  {
    name: "proxied: a header that comes late is a bad command, and no more",
    file: "lib/app/proxied.ts",
    find: "      onHeader();\n      return null;\n",
    replace: "      return chunk;\n",
    test: { file: PROXY, name: "PROXY 1 that comes after the greeting ends the connection" },
    why: "a lost packet would give a stranger what the proxy may",
  },
  {
    name: "conversation: an address that a proxy names may be a proxy",
    file: "lib/app/conversation.ts",
    find: "forward: direct && isProxy(peer.address)",
    replace: "forward: isProxy(peer.address)",
    test: { file: PROXY, name: "an address of ours or of a proxy, named by a proxy, is nothing" },
    why: "what a header says about itself would make a stranger a proxy",
  },
  {
    name: "conversation: a loopback address that a proxy names is believed",
    file: "lib/app/conversation.ts",
    find: "(direct && isLoopback(peer.address))",
    replace: "isLoopback(peer.address)",
    test: { file: PROXY, name: "an address of ours or of a proxy, named by a proxy, is nothing" },
    why: "passwords would cross the network between the proxy and this machine in clear",
  },
  {
    name: "xclient: a client goes on with what its proxy may",
    file: "lib/smtp/xclient.ts",
    find: "return address !== null && forward.mayForward(address) ? forward : null;",
    replace: "return forward;",
    test: {
      file: PROXY,
      name: "a client behind a trusted proxy may nothing of what the proxy may",
    },
    why: "proxies pass on what clients say, and that could be another XCLIENT",
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
