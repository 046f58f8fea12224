/** Every fuzz target. A new parser or session gets a file beside this one and a line here. */
import { target as imapCommand } from "./imap_command.ts";
import { target as imapRead } from "./imap_read.ts";
import { target as imapServer } from "./imap_server.ts";
import { target as imapStructure } from "./imap_structure.ts";
import { target as imapClient } from "./imap_client.ts";
import { target as mailAddress } from "./mail_address.ts";
import { target as mailDowngrade } from "./mail_downgrade.ts";
import { target as mailField } from "./mail_field.ts";
import { target as mailHeader } from "./mail_header.ts";
import { target as mailMbox } from "./mail_mbox.ts";
import { target as mailMime } from "./mail_mime.ts";
import { target as mailOrcpt } from "./mail_orcpt.ts";
import { target as mailRead } from "./mail_read.ts";
import { target as mailReport } from "./mail_report.ts";
import { target as mailSubmission } from "./mail_submission.ts";
import { target as mailSurrogate } from "./mail_surrogate.ts";
import { target as mailText } from "./mail_text.ts";
import { target as netDns } from "./net_dns.ts";
import { target as netTlsHello } from "./net_tls_hello.ts";
import { target as pop3Client } from "./pop3_client.ts";
import { target as pop3Command } from "./pop3_command.ts";
import { target as pop3Server } from "./pop3_server.ts";
import { target as queueMtaSts } from "./queue_mta_sts.ts";
import { target as sasl } from "./sasl.ts";
import { target as saslSaslprep } from "./sasl_saslprep.ts";
import { target as saslScram } from "./sasl_scram.ts";
import { target as smtpBdat } from "./smtp_bdat.ts";
import { target as smtpClient } from "./smtp_client.ts";
import { target as smtpCommand } from "./smtp_command.ts";
import { target as smtpData } from "./smtp_data.ts";
import { target as smtpReply } from "./smtp_reply.ts";
import { target as smtpServer } from "./smtp_server.ts";
import { target as smtpXclient } from "./smtp_xclient.ts";
import { target as smtpXclientCommand } from "./smtp_xclient_command.ts";
import type { FuzzTarget } from "./target.ts";
import { target as wireDots } from "./wire_dots.ts";
import { target as wireLines } from "./wire_lines.ts";
import { target as wireProxy } from "./wire_proxy.ts";

export const targets: readonly FuzzTarget[] = [
  wireLines,
  wireDots,
  wireProxy,
  imapClient,
  mailAddress,
  mailDowngrade,
  mailField,
  mailHeader,
  mailMbox,
  mailMime,
  mailOrcpt,
  mailRead,
  mailReport,
  mailSubmission,
  mailSurrogate,
  mailText,
  netDns,
  netTlsHello,
  queueMtaSts,
  sasl,
  saslSaslprep,
  saslScram,
  smtpBdat,
  smtpClient,
  smtpCommand,
  smtpData,
  smtpReply,
  smtpServer,
  smtpXclient,
  smtpXclientCommand,
  pop3Client,
  pop3Command,
  pop3Server,
  imapCommand,
  imapRead,
  imapServer,
  imapStructure,
];
