/** What sending needs before it begins: the way to the server, a sender, and what it offers. */
import { type Endpoint, endpointText } from "../endpoint.ts";
import { parseMailbox } from "../mail/address.ts";
import type { Mailbox } from "../mail/field.ts";
import { addressesIn } from "../mail/header.ts";
import type { Login } from "../sasl/client.ts";
import type { Extensions } from "../smtp/ehlo.ts";
import { ProtocolError } from "../wire/error.ts";
import type { Ask } from "./ask.ts";
import { EXIT, Failure } from "./fail.ts";
import { type Letter, recipientsOf } from "./letter.ts";
import { accessOf, optionalLogin, type SmtpcContext } from "./smtpc_access.ts";
import type { SendFlags } from "./smtpc_arguments.ts";
import type { SmtpAccess } from "./transfer.ts";

/** RFC 5321 §4.5.3.2.6: whoever gives up earlier on the final answer may send a message twice. */
const FINAL_TIMEOUT_MS = 10 * 60_000;

/**
 * The server, the way to it, and who logs in; what is missing is asked for.
 * @throws {Failure} `usage` where nobody can be asked, or the flags make no sense together
 */
export async function sendAccess(flags: SendFlags, context: SmtpcContext): Promise<SmtpAccess> {
  const { tls, ...reached } = await accessOf(flags, context);
  if (flags.requireTls && tls.mode === "none") {
    throw new Failure(EXIT.usage, "--require-tls: with --tls none nothing is encrypted");
  }
  return {
    ...reached,
    tls: { ...tls, strict: flags.requireTls ?? false },
    login: await optionalLogin(flags, context),
    finalTimeoutMs: flags.timeoutMs ?? FINAL_TIMEOUT_MS,
    partial: flags.partial ?? false,
    ...(flags.ehlo === undefined ? {} : { helloName: flags.ehlo }),
    ...(flags.proto === undefined ? {} : { protocol: flags.proto }),
    ...stopAfterOf(flags),
  };
}

/** @throws {Failure} `usage` that names the flag, where nobody can be asked. */
export function demandComplete(
  letter: Letter,
  { loggedIn }: { readonly loggedIn: boolean },
): void {
  const { content } = letter;
  if (recipientsOf(letter).length === 0) {
    throw new Failure(EXIT.usage, "a recipient is missing: --to ADDRESS says it");
  }
  if (letter.from === null && !loggedIn) {
    throw new Failure(
      EXIT.usage,
      "a sender is missing: --from ADDRESS says it, or --user NAME, who then logs in",
    );
  }
  const empty = content.is === "text" && content.text === null && content.subject === null &&
    content.attachments.length === 0;
  if (empty) {
    throw new Failure(
      EXIT.usage,
      "a text is missing: --body TEXT says it, or standard input, or --file FILE",
    );
  }
}

/** @throws {Failure} where the server does not offer what was asked for */
export function demandOffered(flags: SendFlags, extensions: Extensions, to: Endpoint): void {
  demandDsn(flags, extensions, to);
  demandRequireTls(flags, extensions, to);
}

/** A user without a domain is taken for one of the server's own. */
export async function senderOf(
  { user }: Login,
  serverName: string,
  ask: Ask | null,
): Promise<Mailbox> {
  const name = user.includes("@") ? user : `${user}@${serverName}`;
  // A name without a dot, `localhost` above all, is nobody's mail domain.
  if (user.includes("@") || serverName.includes(".")) {
    try {
      return { name: "", address: parseMailbox(name, { utf8: true }) };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
  if (ask !== null) return await askSender(ask);
  throw new Failure(
    EXIT.usage,
    `the address of ${user} cannot be guessed: --from ADDRESS says it (the server calls itself ` +
      `${serverName || "nothing"})`,
  );
}

/** @throws {Failure} when nobody answers */
export async function askSender(ask: Ask): Promise<Mailbox> {
  const isAddress = (text: string) =>
    addressesIn(text).length === 1 && addressesIn(text)[0]!.address;
  const from = await ask.text("From", {
    fault: (text) => isAddress(text) ? null : "Like alice@abc.com",
  });
  const [sender] = addressesIn(from);
  return { name: sender!.name, address: sender!.address! };
}

/** @throws {Failure} where reports were asked for, and the server knows nothing of them. */
function demandDsn({ dsn, ret, envid }: SendFlags, extensions: Extensions, to: Endpoint): void {
  const flag = dsn ? "--dsn" : ret ? "--ret" : envid ? "--envid" : null;
  if (flag === null || extensions.dsn) return;
  throw new Failure(
    EXIT.unavailable,
    `${endpointText(to)} does not offer DSN, which ${flag} needs: nothing was sent`,
  );
}

/** @throws {Failure} where the server does not promise what RFC 8689 §4.3 wants of it. */
function demandRequireTls({ requireTls }: SendFlags, offered: Extensions, to: Endpoint): void {
  if (!requireTls || offered.requireTls) return;
  throw new Failure(
    EXIT.unavailable,
    `${endpointText(to)} does not offer REQUIRETLS, which --require-tls needs: nothing was sent`,
  );
}

function stopAfterOf({ quitAfter, dropAfter }: SendFlags): Pick<SmtpAccess, "stopAfter"> {
  if (quitAfter !== undefined) return { stopAfter: { stage: quitAfter, how: "quit" } };
  if (dropAfter !== undefined) return { stopAfter: { stage: dropAfter, how: "drop" } };
  return {};
}
