/**
 * Deliberate bugs: `deno task mutants` applies each to a copy of the project, where a test has to
 * fail. A guard without a row here is only believed to be guarded.
 */
import { ALIAS_MUTANTS } from "./mutants/aliases.ts";
import { APP_MUTANTS } from "./mutants/app.ts";
import { ATTACK_MUTANTS } from "./mutants/attacks.ts";
import { BENCH_MUTANTS } from "./mutants/bench.ts";
import { DEFLATE_MUTANTS } from "./mutants/deflate.ts";
import { DISK_MUTANTS } from "./mutants/disk.ts";
import { DNS_MUTANTS } from "./mutants/dns.ts";
import { DSN_MUTANTS } from "./mutants/dsn.ts";
import { FUZZ_MUTANTS } from "./mutants/fuzz.ts";
import { MAILBOX_MUTANTS } from "./mutants/mailboxes.ts";
import { MAIL_MUTANTS } from "./mutants/mail.ts";
import { CHUNKING_MUTANTS } from "./mutants/chunking.ts";
import { HISTORY_MUTANTS } from "./mutants/history.ts";
import { IMAP_APP_MUTANTS } from "./mutants/imap_app.ts";
import { IMAP_CONTEXT_MUTANTS } from "./mutants/imap_context.ts";
import { IMAP_KEPT_MUTANTS } from "./mutants/imap_kept.ts";
import { IMAP_NOTIFY_MUTANTS } from "./mutants/imap_notify.ts";
import { IMAP_DETAIL_MUTANTS } from "./mutants/imap_details.ts";
import { IMAP_SESSION_MUTANTS } from "./mutants/imap_session.ts";
import { IMAP_PURE_MUTANTS } from "./mutants/imap_pure.ts";
import { IMPORT_MUTANTS } from "./mutants/import.ts";
import { KEEP_MUTANTS } from "./mutants/keep.ts";
import { LMTP_MUTANTS } from "./mutants/lmtp.ts";
import { IMAP_CLIENT_MUTANTS } from "./mutants/imap_client.ts";
import type { Mutant } from "./mutants/mutant.ts";
import { NET_MUTANTS } from "./mutants/net.ts";
import { POP3_MUTANTS } from "./mutants/pop3.ts";
import { POP3_UTF8_MUTANTS } from "./mutants/pop3_utf8.ts";
import { QUEUE_MUTANTS } from "./mutants/queue.ts";
import { FLOODS_MUTANTS } from "./mutants/floods.ts";
import { PROXY_MUTANTS } from "./mutants/proxy.ts";
import { RELAY_MUTANTS } from "./mutants/relay.ts";
import { REQUIRETLS_MUTANTS } from "./mutants/requiretls.ts";
import { SMTP_MUTANTS } from "./mutants/smtp.ts";
import { STS_MUTANTS } from "./mutants/sts.ts";
import { TIMING_MUTANTS } from "./mutants/timing.ts";
import { TLS_MUTANTS } from "./mutants/tls.ts";
import { SEARCH_INDEX_MUTANTS } from "./mutants/search_index.ts";
import { SIM_WORLD_MUTANTS } from "./mutants/sim.ts";
import { SASL_BINDING_MUTANTS } from "./mutants/sasl_binding.ts";
import { SASL_MUTANTS } from "./mutants/sasl.ts";
import { WAY_MUTANTS } from "./mutants/ways.ts";
import { WIRE_MUTANTS } from "./mutants/wire.ts";

export const MUTANTS: readonly Mutant[] = [
  ...WIRE_MUTANTS,
  ...SMTP_MUTANTS,
  ...TLS_MUTANTS,
  ...RELAY_MUTANTS,
  ...WAY_MUTANTS,
  ...STS_MUTANTS,
  ...REQUIRETLS_MUTANTS,
  ...CHUNKING_MUTANTS,
  ...IMPORT_MUTANTS,
  ...KEEP_MUTANTS,
  ...LMTP_MUTANTS,
  ...IMAP_SESSION_MUTANTS,
  ...IMAP_KEPT_MUTANTS,
  ...DEFLATE_MUTANTS,
  ...IMAP_NOTIFY_MUTANTS,
  ...IMAP_CONTEXT_MUTANTS,
  ...IMAP_DETAIL_MUTANTS,
  ...FUZZ_MUTANTS,
  ...IMAP_CLIENT_MUTANTS,
  ...MAIL_MUTANTS,
  ...MAILBOX_MUTANTS,
  ...DNS_MUTANTS,
  ...DSN_MUTANTS,
  ...DISK_MUTANTS,
  ...APP_MUTANTS,
  ...ALIAS_MUTANTS,
  ...ATTACK_MUTANTS,
  ...BENCH_MUTANTS,
  ...FLOODS_MUTANTS,
  ...TIMING_MUTANTS,
  ...HISTORY_MUTANTS,
  ...PROXY_MUTANTS,
  ...QUEUE_MUTANTS,
  ...IMAP_APP_MUTANTS,
  ...POP3_MUTANTS,
  ...IMAP_PURE_MUTANTS,
  ...POP3_UTF8_MUTANTS,
  ...NET_MUTANTS,
  ...SASL_MUTANTS,
  ...SASL_BINDING_MUTANTS,
  ...SEARCH_INDEX_MUTANTS,
  ...SIM_WORLD_MUTANTS,
];
