/** Reading a mailbox on a terminal: a list to choose from, a message, and what to do with it. */
import type { Ask, Choice } from "./ask.ts";
import type { Listing, Mailbox } from "./mailbox.ts";
import { showMessage, type ShowOptions, type Summary, summaryLine } from "./smtpc_show.ts";

export interface BrowseOptions extends ShowOptions {
  readonly ask: Ask;
  /** Whether a message is deleted once it was shown, without being asked about. */
  readonly deleteShown: boolean;
  /** Is told what was shown. */
  readonly shown: (message: Listing) => Promise<void>;
}

/** Until the person quits, or nothing is left. What was deleted goes when the mailbox is closed. */
export async function browse(
  mailbox: Mailbox,
  messages: ReadonlyMap<Listing, Summary>,
  options: BrowseOptions,
): Promise<void> {
  const { ask, deleteShown } = options;
  const left = new Map(messages);
  while (left.size > 0) {
    const picked = await ask.choose(`Which of ${left.size}?`, choicesOf(left));
    if (picked === QUIT.value) return;
    const listing = [...left.keys()].find(({ number }) => String(number) === picked)!;
    const content = await mailbox.retrieve(listing);
    if (content === null) {
      options.streams.errors.write(`${gone(listing)}\n`);
      left.delete(listing);
      continue;
    }
    await showMessage(content, listing, options);
    await options.shown(listing);
    const next = deleteShown ? DELETE.value : await ask.choose("And now?", [BACK, DELETE, QUIT]);
    if (next === DELETE.value) {
      await mailbox.remove([listing]);
      left.delete(listing);
    }
    if (next === QUIT.value) return;
  }
}

/** What is said in place of a message that is not there any more. */
export function gone({ number }: Listing): string {
  return `(message ${number} is gone meanwhile)`;
}

const BACK: Choice = { value: "back", label: "Back to the list" };
const DELETE: Choice = { value: "delete", label: "Delete it" };
const QUIT: Choice = { value: "quit", label: "Quit" };

function choicesOf(messages: ReadonlyMap<Listing, Summary>): readonly Choice[] {
  const choices = [...messages.values()].map((summary) => ({
    value: String(summary.number),
    label: summaryLine(summary),
  }));
  return [...choices, QUIT];
}
