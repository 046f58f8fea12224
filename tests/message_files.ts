/** Files with messages, for tests that send them. */

/** Writes messages into a folder: their names, and for each its fields and its text. */
export async function writeFiles(
  folder: string,
  messages: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [name, text] of Object.entries(messages)) {
    const path = `${folder}/${name}`;
    await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(path, text);
  }
}

/** One for bob, with a text. */
export const message = (text: string, to = "bob@xyz.com") =>
  `From: a@abc.com\nTo: ${to}\nSubject: Hi\nDate: Thu, 21 May 2026 12:00:00 +0200\n\n${text}\n`;
