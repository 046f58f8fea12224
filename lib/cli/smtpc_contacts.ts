/** `smtpc contacts`: the names that a person has for others. */
import {
  type Contacts,
  loadContacts,
  saveContacts,
  withContact,
  withoutContact,
} from "./contacts.ts";
import { EXIT, type ExitStatus, oneLine } from "./fail.ts";
import type { Streams } from "./io.ts";

export async function addContact(
  name: string,
  address: string,
  streams: Streams,
): Promise<ExitStatus> {
  return await change(streams, (contacts) => withContact(contacts, name, address));
}

export async function removeContact(name: string, streams: Streams): Promise<ExitStatus> {
  return await change(streams, (contacts) => withoutContact(contacts, name));
}

/** A name, a tab and an address on each line, so that programs can read it too. */
export async function listContacts(streams: Streams): Promise<ExitStatus> {
  const { output, errors } = streams;
  const contacts = await loadContacts(streams);
  if (contacts.size === 0) {
    errors.write("There are no contacts; smtpc contacts add NAME ADDRESS makes one.\n");
  }
  for (const [name, address] of contacts) output.write(`${oneLine(name)}\t${oneLine(address)}\n`);
  return EXIT.done;
}

async function change(
  streams: Streams,
  changed: (contacts: Contacts) => Contacts,
): Promise<ExitStatus> {
  await saveContacts(streams, changed(await loadContacts(streams)));
  return EXIT.done;
}
