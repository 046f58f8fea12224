/** The names that a person has for others: a file of lines `bob = "bob@xyz.com"`. */
import { formatAddress, parseMailbox } from "../mail/address.ts";
import { formatToml, parseToml } from "../toml.ts";
import { decode } from "../wire/bytes.ts";
import { ProtocolError } from "../wire/error.ts";
import { EXIT, Failure } from "./fail.ts";
import { readFileIfThere, replaceFile } from "./files.ts";
import type { Streams } from "./io.ts";

/** Names with their addresses, in the order of the file. Names are compared without case. */
export type Contacts = ReadonlyMap<string, string>;

/** `$XDG_CONFIG_HOME/smtpc/contacts.toml`, by default below `~/.config`; `null` without a home. */
export function contactsPath(variable: Streams["variable"]): string | null {
  const folder = variable("XDG_CONFIG_HOME");
  // The XDG specification: a path that is not absolute is to be ignored.
  if (folder?.startsWith("/")) return `${folder}/smtpc/contacts.toml`;
  const home = variable("HOME");
  return home === null ? null : `${home}/.config/smtpc/contacts.toml`;
}

/**
 * The contacts of whoever runs this; none when there is no file.
 * @throws {Failure} `badConfiguration` when the file cannot be understood.
 */
export async function loadContacts(streams: Streams): Promise<Contacts> {
  const path = contactsPath(streams.variable);
  const bytes = path === null ? null : await readFileIfThere(path);
  return bytes === null ? new Map() : parseContacts(decode(bytes), path!);
}

/** @throws {Failure} `cannotCreate` */
export async function saveContacts(streams: Streams, contacts: Contacts): Promise<void> {
  const path = contactsPath(streams.variable);
  if (path === null) {
    throw new Failure(
      EXIT.cannotCreate,
      "nowhere to keep contacts: neither XDG_CONFIG_HOME nor HOME is set",
    );
  }
  await replaceFile(path, formatToml(Object.fromEntries(contacts)));
}

/**
 * Reads the file's text; `path` is for the message.
 * @throws {Failure} `badConfiguration`
 */
export function parseContacts(text: string, path: string): Contacts {
  try {
    return new Map(
      Object.entries(parseToml(text)).map(([name, address]) => {
        if (typeof address !== "string") throw new SyntaxError(`${name}: an address is a string`);
        return [name, address];
      }),
    );
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Failure(EXIT.badConfiguration, `${path}: ${error.message}`, { cause: error });
  }
}

/** The address that belongs to a name; `null` when it is nobody's name. */
export function addressOf(contacts: Contacts, name: string): string | null {
  const key = keyOf(contacts, name);
  return key === null ? null : contacts.get(key)!;
}

/**
 * With one more contact, or with a new address for one.
 * @throws {Failure} `usage` when the name cannot be one, or the address is none.
 */
export function withContact(contacts: Contacts, name: string, address: string): Contacts {
  // These would make `--to NAME` ambiguous: an address, or several names.
  if (name.trim() === "" || /[@,<>"\p{Cc}]/u.test(name)) {
    throw new Failure(
      EXIT.usage,
      'a name has no "@", comma, quote or bracket, so that it differs from an address',
    );
  }
  return new Map([...contacts, [keyOf(contacts, name) ?? name.trim(), canonical(address)]]);
}

/** Without one. @throws {Failure} `noInput` when it is nobody's name. */
export function withoutContact(contacts: Contacts, name: string): Contacts {
  const key = keyOf(contacts, name);
  if (key === null) {
    throw new Failure(EXIT.noInput, `there is no contact ${name} (smtpc contacts list shows all)`);
  }
  return new Map([...contacts].filter(([each]) => each !== key));
}

function keyOf(contacts: Contacts, name: string): string | null {
  const wanted = fold(name);
  for (const key of contacts.keys()) if (fold(key) === wanted) return key;
  return null;
}

function fold(name: string): string {
  return name.trim().normalize("NFC").toLowerCase();
}

function canonical(address: string): string {
  try {
    return formatAddress(parseMailbox(address, { utf8: true }));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new Failure(EXIT.usage, `${address} is not an address: ${error.message}`);
  }
}
