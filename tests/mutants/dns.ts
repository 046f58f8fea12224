/** What keeps a stranger's DNS from losing, misleading or holding up mail. */
import type { Mutant } from "./mutant.ts";

const WIRE = "tests/net_dns_test.ts";
const RESOLVER = "tests/net_resolver_test.ts";
const MX = "tests/queue_mx_test.ts";
const HOSTS = "tests/queue_hosts_test.ts";

export const DNS_MUTANTS: readonly Mutant[] = [
  {
    name: "dns: SERVFAIL means that there is no such name",
    file: "lib/net/dns_wire.ts",
    find: 'message.rcode === "NXDOMAIN"',
    replace: 'message.rcode !== "NOERROR"',
    test: {
      file: WIRE,
      name: "SERVFAIL, a refusal, and a server that knows nothing are failures, and no answers",
    },
    why: "all mail to a domain comes back while its name servers are down",
  },
  {
    name: "dns: an answer about another name will do",
    file: "lib/net/dns_wire.ts",
    find: "sameName(asked!.name, name) && ",
    replace: "",
    test: {
      file: WIRE,
      name: "RFC 5452 §9.1: what is no answer to the question is not taken for one",
    },
    why: "mail is easier to steal",
  },
  {
    name: "dns: an answer with another number will do",
    file: "lib/net/dns_wire.ts",
    find: " || id !== question.id",
    replace: "",
    test: {
      file: WIRE,
      name: "RFC 5452 §9.1: what is no answer to the question is not taken for one",
    },
    why: "whoever sends us datagrams decides where mail goes",
  },
  {
    name: "dns: what was cut is taken as it is",
    file: "lib/net/dns_wire.ts",
    find: 'if ((flags & IS_TRUNCATED) !== 0) return { kind: "truncated" };',
    replace: "",
    test: { file: WIRE, name: "RFC 7766 §5: an answer that is cut is asked for by TCP" },
    why: "a domain with many hosts seems to have none",
  },
  {
    name: "dns: aliases without end",
    file: "lib/net/dns_client.ts",
    find: "steps <= ALIASES_MAX; steps++",
    replace: "steps <= 100 * ALIASES_MAX; steps++",
    test: {
      file: WIRE,
      name: "aliases are followed, those that the server leaves open too, and not for ever",
    },
    why: "one name costs as many questions as its owner likes",
  },
  {
    name: "dns: a referral means that there is nothing",
    file: "lib/net/dns_wire.ts",
    find: 'if (hasAuthority("NS") && !message.flag_aa) {',
    replace: 'if (hasAuthority("NS") && message.flag_aa) {',
    test: {
      file: WIRE,
      name: "SERVFAIL, a refusal, and a server that knows nothing are failures, and no answers",
    },
    why: "mail goes to the domain's web server, for it seems to have no MX",
  },
  {
    name: "dns: the first resolver speaks for all",
    file: "lib/net/dns_client.ts",
    find: "for (const server of left) {",
    replace: "for (const server of left.slice(0, 1)) {",
    test: {
      file: WIRE,
      name: "where one resolver cannot say, or is silent, the next is asked",
    },
    why: "one resolver that is down stops all mail",
  },
  {
    name: "resolver: answers never grow old",
    file: "lib/net/resolver.ts",
    find: "if (kept !== undefined && leftMs > 0)",
    replace: "if (kept !== undefined)",
    test: { file: RESOLVER },
    why: "mail goes to a host that was given up long ago",
  },
  {
    name: "resolver: a memory without an end",
    file: "lib/net/resolver.ts",
    find: "while (characters > CHARACTERS_MAX)",
    replace: "while (characters > 100 * CHARACTERS_MAX)",
    test: {
      file: RESOLVER,
      name: "answers take at most 16 Mi characters; the oldest are forgotten first",
    },
    why: "domains with long texts fill the memory",
  },
  {
    name: "resolver: who gives up ends the question of others",
    file: "lib/net/resolver.ts",
    find: "if (question.waiting === 0) question.stop.abort();",
    replace: "question.stop.abort();",
    test: {
      file: RESOLVER,
      name: "one question is asked for all who wait, and goes on while one of them does",
    },
    why: "an impatient client holds up everybody's mail to a domain",
  },
  {
    name: "mx: the domain's own address beside its MX",
    file: "lib/queue/mx.ts",
    find: 'if (answer.kind !== "found") return [{ name: domain, preference: 0 }];',
    replace: 'if (answer.kind !== "found" || answer.records.length === 1) ' +
      "return [{ name: domain, preference: 0 }];",
    test: { file: MX, name: "RFC 5321 §5.1: with MX the domain itself is no host" },
    why: "mail goes to the domain's web server",
  },
  {
    name: "mx: equals are always in the order of the answer",
    file: "lib/queue/mx.ts",
    find: ".toSorted((a, b) => a.order - b.order)",
    replace: ".toSorted(() => 0)",
    test: {
      file: MX,
      name: "RFC 5321 §5.1: hosts of one preference, and addresses of one host, share the load",
    },
    why: "one of several hosts gets all of the mail",
  },
  {
    name: "mx: we are among the hosts",
    file: "lib/queue/mx.ts",
    find: "return own === undefined ? exchanges : betterThan(exchanges, own);",
    replace: "return own === undefined ? exchanges : exchanges;",
    test: { file: MX },
    why: "a backup server sends mail to itself, round and round",
  },
  {
    name: "mx: our address is a host like any other",
    file: "lib/queue/mx.ts",
    find: "const left = own === undefined ? asked : betterThan(asked, own);",
    replace: "const left = asked;",
    test: { file: MX, name: "RFC 5321 §5.1: our own address leaves the better ones" },
    why: "as before, under a name that we do not know",
  },
  {
    name: "mx: what the DNS cannot say is not there",
    file: "lib/queue/mx.ts",
    find: "if (failure !== null) return later(domain, failure);",
    replace: "",
    test: { file: MX, name: "RFC 5321 §5.1: the DNS cannot say where the only host is" },
    why: "mail comes back that should wait",
  },
  {
    name: "link: only the first host is tried",
    file: "lib/queue/link.ts",
    find: "if (!isForTheNext(performed)) return here;",
    replace: "if (here.done || !here.done) return here;",
    test: { file: HOSTS, name: "a host where nobody listens leaves the job to the next" },
    why: "a domain with one dead host gets no mail",
  },
  {
    name: "link: the next host is asked after an answer, too",
    file: "lib/queue/link.ts",
    find: '(at === "mail" && reply?.code === 421)',
    replace: "(reply?.code ?? 0) >= 400",
    test: { file: HOSTS },
    why:
      "a recipient that was refused by one host is taken by its backup, and comes back from there",
  },
  {
    name: "link: a host that takes no mail speaks for all",
    file: "lib/queue/link.ts",
    find: "if (last === null || isPassing(performed) || !isPassing(last)) last = here;",
    replace: "if (last === null || !isPassing(performed)) last = here;",
    test: {
      file: HOSTS,
      name: "RFC 7504 §4: a domain is refused when all of its hosts take no mail, and not before",
    },
    why: "mail comes back while the host that would take it restarts",
  },
  {
    name: "link: a name from the DNS is as good as one from the operator",
    file: "lib/queue/link_tls.ts",
    find: "vouched ? [verified] : []",
    replace: "vouched || !vouched ? [verified] : []",
    test: {
      file: HOSTS,
      name: "RFC 8689 §4.2.1: a name that nobody vouches for is not worth verifying",
    },
    why: "whoever forges the MX gets the message, under TLS with a good certificate",
  },
  {
    name: "detour: a dead host costs each message its time",
    file: "lib/queue/detour.ts",
    find: "> now ? 2 : 1",
    replace: "> now ? 1 : 1",
    test: { file: HOSTS, name: "a place that could not be reached is tried last for a minute" },
    why: "a domain whose first host is down gets two messages in a minute",
  },
];
