/** MTA-STS (RFC 8461): what must hold although somebody on the way would rather not. */
import type { Mutant } from "./mutant.ts";

const PARSER = { file: "tests/queue_mta_sts_test.ts" };
const POLICIES = { file: "tests/queue_sts_policies_test.ts" };

export const STS_MUTANTS: readonly Mutant[] = [
  {
    name: "sts: an asterisk stands for any number of labels",
    file: "lib/queue/mta_sts.ts",
    find: 'parent === pattern.slice("*.".length)',
    replace: 'name.endsWith(pattern.slice("*".length))',
    test: PARSER,
    why: "RFC 8461 §4.1: it stands for one, as in certificates",
  },
  {
    name: "sts: of two records, the first counts",
    file: "lib/queue/mta_sts.ts",
    find: "record === undefined || another !== undefined",
    replace: "record === undefined",
    test: PARSER,
    why: "RFC 8461 §3.1: it is not known which one is meant",
  },
  {
    name: "sts: a policy lasts as long as it says",
    file: "lib/queue/mta_sts.ts",
    find: "Math.min(Number(maxAge), MAX_AGE_SECONDS_MAX)",
    replace: "Number(maxAge)",
    test: { ...PARSER, name: "a policy lasts no longer than a year" },
    why: "who had a domain for a day could keep its mail away for centuries",
  },
  {
    name: "sts: a policy ends with its record",
    file: "lib/queue/sts_policies.ts",
    find: "if (id === null || isFresh",
    replace: "if (id === null) return null;\n    if (isFresh",
    test: POLICIES,
    why: "RFC 8461 §3.3: whoever forges the DNS would take the protection away",
  },
  {
    name: "sts: a policy ends where it cannot be fetched",
    file: "lib/queue/sts_policies.ts",
    find: "      return found;\n    }\n  }\n",
    replace: "      return null;\n    }\n  }\n",
    test: POLICIES,
    why: "RFC 8461 §3.3: whoever keeps us from the web server would take the protection away",
  },
  {
    name: "sts: an error page is a policy",
    file: "lib/queue/sts_policies.ts",
    find: "if (status !== 200)",
    replace: "if (status > 999)",
    test: POLICIES,
    why: "RFC 8461 §3.3: 200 only, and above all no redirection",
  },
  {
    name: "sts: a policy may be of any type",
    file: "lib/queue/sts_policies.ts",
    find: "[ \\t]*(;|$)/i.test(type)",
    replace: "/i.test(type) && type.length > 99",
    test: POLICIES,
    why: "RFC 8461 §3.2: users of a web server could put one there",
  },
  {
    name: "sts: what cannot be fetched is fetched for each message",
    file: "lib/queue/sts_policies.ts",
    find: "|| isLeftAlone(domain, id)",
    replace: "",
    test: POLICIES,
    why: "RFC 8461 §3.3: a web server that is down gets all our mail's questions",
  },
  {
    name: "sts: a policy is kept for as long as the clock is wrong",
    file: "lib/queue/sts_policies.ts",
    find: "ageMs >= 0 && ageMs",
    replace: "ageMs",
    test: { ...POLICIES, name: "a clock that was put back makes no policy last for ever" },
    why: "a domain whose servers have moved gets no mail",
  },
  {
    name: "https: redirections are followed",
    file: "lib/net/https.ts",
    find: 'redirect: "manual"',
    replace: 'redirect: "follow"',
    test: { file: "tests/net_https_test.ts" },
    why: "RFC 8461 §3.3: the policy would be that of whomever it leads to",
  },
  {
    name: "https: an answer may be of any length",
    file: "lib/net/https.ts",
    find: "if (bytes > bytesMax)",
    replace: "if (bytes > 1e6 * bytesMax)",
    test: { file: "tests/net_https_test.ts", name: "an answer that is too long is given up" },
    why: "a web server of a stranger fills our memory",
  },
];
