/** Streams and answers without a terminal, for programs that are run inside of a test. */
import type { Ask } from "../lib/cli/ask.ts";
import type { Output } from "../lib/cli/io.ts";
import { concat, encode } from "../lib/wire/bytes.ts";

export interface FakeOutput extends Output {
  /** Everything so far. */
  written(): Uint8Array;
}

/** An output that remembers; without colours, so that its text can be compared. */
export function fakeOutput(isTerminal = false): FakeOutput {
  const chunks: Uint8Array[] = [];
  return {
    isTerminal,
    hasColours: false,
    write: (content) =>
      void chunks.push(typeof content === "string" ? encode(content) : content.slice()),
    written: () => concat(chunks),
  };
}

/**
 * A person who gives these answers in this order, and whose questions are noted down. An answer
 * that a terminal would refuse is an error of the test. Several choices are separated by commas.
 */
export function fakeAsk(answers: string[], questions: string[]): Ask {
  const answer = (question: string) => {
    questions.push(question);
    const given = answers.shift();
    return given === undefined
      ? Promise.reject(new Error(`nobody has an answer to "${question}"`))
      : Promise.resolve(given);
  };
  return {
    async text(question, { fault } = {}) {
      const given = await answer(question);
      const wrong = fault?.(given) ?? null;
      if (wrong !== null) throw new Error(`"${given}" to "${question}": ${wrong}`);
      return given;
    },
    password: answer,
    choose: answer,
    chooseAny: async (question) => {
      const given = await answer(question);
      return given === "" ? [] : given.split(",");
    },
    lines: answer,
  };
}
