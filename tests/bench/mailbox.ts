/** The mailbox that is measured: so many messages of 4 KiB, the same in each server. */
const BYTES = 4_096;
const APPENDED_AT_ONCE = 100;
const WORDS = "the quick brown fox jumps over the lazy dog while seven wizards box my jugs".split(
  " ",
);

/** Every third has an attachment, every second a reply to another; one of a thousand a zebra. */
export function letter(number: number): string {
  const head = [
    `Received: from mx${number}.example.org by abc.com; Mon, 2 Feb 2026 10:00:00 +0000`,
    `From: "Writer ${number % 97}" <writer${number % 97}@xyz.com>`,
    "To: carol@postfix.example, Dave <dave@xyz.com>",
    ...number % 2 === 0 ? [`In-Reply-To: <${number - 1}.letter@xyz.com>`] : [],
    `Subject: ${words(number, 5)}`,
    `Date: Mon, 2 Feb 2026 10:${two(number % 60)}:00 +0000`,
    `Message-ID: <${number}.letter@xyz.com>`,
    "MIME-Version: 1.0",
  ];
  const rare = number % 1_000 === 7 ? "a zebra\r\n" : "";
  if (number % 3 !== 0) {
    head.push("Content-Type: text/plain; charset=utf-8", "", "");
    return filled(head.join("\r\n") + rare, number, "");
  }
  head.push('Content-Type: multipart/mixed; boundary="next"', "", "--next");
  head.push("Content-Type: text/plain; charset=utf-8", "", `${words(number, 12)}\r\n${rare}`);
  head.push("--next", "Content-Type: text/x-notes; charset=us-ascii; name=notes.txt");
  head.push("Content-Disposition: attachment; filename=notes.txt", "", "");
  return filled(head.join("\r\n"), number, "\r\n--next--\r\n");
}

/** Brings them in, with the messages that stand one behind the other in one command. */
export async function fill(
  { say }: { readonly say: (command: string) => Promise<unknown> },
  mailbox: string,
  letters: readonly string[],
): Promise<void> {
  for (let at = 0; at < letters.length; at += APPENDED_AT_ONCE) {
    const some = letters.slice(at, at + APPENDED_AT_ONCE);
    // Dovecot 2.3 takes several, too (RFC 3502).
    await say(`APPEND ${mailbox}${some.map((each) => ` {${each.length}+}\r\n${each}`).join("")}`);
  }
}

function filled(head: string, number: number, end: string): string {
  let text = head;
  for (let line = 0; text.length + end.length < BYTES - 80; line++) {
    text += `${words(number + line, 12)}\r\n`;
  }
  return text + end;
}

function words(seed: number, count: number): string {
  return Array.from({ length: count }, (_, at) => WORDS[(seed * 7 + at * at) % WORDS.length])
    .join(" ");
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
