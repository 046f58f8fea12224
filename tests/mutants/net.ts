/** What keeps TLS from being believed in where it is not. */
import type { Mutant } from "./mutant.ts";

export const NET_MUTANTS: readonly Mutant[] = [
  {
    name: "transport: TLS starts under a pending read",
    file: "lib/net/transport.ts",
    find: "if (this.#outer.reading) throw",
    replace: "if (this.#outer.reading && this.#closed) throw",
    test: {
      file: "tests/net_tls_drive_test.ts",
      name: "TLS does not start while a read is pending, twice, or on what is closed",
    },
    why: "what was said in clear would count as said under TLS",
  },
  {
    name: "drive: a chunk in clear is given out under TLS",
    file: "lib/net/drive.ts",
    find: "if (this.#reading !== null) throw new Error(",
    replace: "if (this.#reading !== null && this.lost) throw new Error(",
    test: {
      file: "tests/net_tls_drive_test.ts",
      name: "a chunk that lost to a wake is never taken for one that came under TLS",
    },
    why: "commands could be injected before the handshake (CVE-2011-0411)",
  },
  {
    name: "loopback: whoever comes first is taken for us",
    file: "lib/net/loopback.ts",
    find: "if (hostname === dialled.from.hostname && port === dialled.from.port) {",
    replace: "if (hostname !== String(port)) {",
    test: {
      file: "tests/net_loopback_test.ts",
      name: "programs of this machine that connect to the inner port are never used",
    },
    why: "another program of the machine could take a session over",
  },
  {
    name: "loopback: the port alone tells us from others",
    file: "lib/net/loopback.ts",
    find: "hostname === dialled.from.hostname && port",
    replace: "port",
    test: {
      file: "tests/net_loopback_test.ts",
      name: "our port on another address of this machine is a stranger's",
    },
    why: "another program of the machine could take a session over",
  },
  {
    name: "client: nobody is verified",
    file: "lib/net/tls_client.ts",
    find: "return request.verify ? verified(",
    replace: "return request.verify && signal.aborted ? verified(",
    test: {
      file: "tests/net_tls_client_test.ts",
      name: "a server that cannot be verified is refused, in words that say what to do",
    },
    why: "whoever answers would get the password",
  },
  {
    name: "client: without a name, any server of this machine is trusted",
    file: "lib/net/tls_client.ts",
    find: 'if (hostname === "") throw',
    replace: 'if (hostname === " ") throw',
    test: { file: "tests/net_tls_client_test.ts", name: "what cannot even be verified is refused" },
    why: "the runtime verifies for localhost where the name is empty",
  },
  {
    name: "server: the name that a client asks for is not looked at",
    file: "lib/net/tls_server.ts",
    find: "const named = serverName === null\n",
    replace: "const named = serverName !== null\n",
    test: {
      file: "tests/net_tls_server_test.ts",
      name: "each client gets the pair of the name it asks for, else the first",
    },
    why: "clients of the second domain would see the certificate of the first",
  },
  {
    name: "splice: what is still under way is cut off",
    file: "lib/net/splice.ts",
    find: "if (ended.back) return abort();",
    replace: "if (near !== outer) return abort();",
    test: {
      file: "tests/net_tls_server_test.ts",
      name: "what was said last arrives, although the server closes at once",
    },
    why: "the last reply would be lost",
  },
  {
    name: "self-signed: as an authority",
    file: "lib/net/self_signed.ts",
    find: "new x509.BasicConstraintsExtension(false,",
    replace: "new x509.BasicConstraintsExtension(true,",
    test: {
      file: "tests/net_certificate_test.ts",
      name: "a self-signed certificate is for its names, valid for ten years, and no authority's",
    },
    why: "whoever trusts it would trust everything that its key signs, and our client refuses it",
  },
];
