/** A connection by IMAP in the hands of a simulated reader: commands, and everything heard. */
import type { Transport } from "../../lib/net/world.ts";
import { type Code, hearResponse, type Response } from "./imap_response.ts";
import type { During } from "./imap_told.ts";
import { talkOver } from "./talk.ts";

/** How a command ended. */
export interface Answer {
  readonly condition: string;
  readonly code: Code | null;
}

export interface ImapTalk {
  /** Says a command and hears everything up to its end; `null` when the connection is lost. */
  ask(command: string, during: During): Promise<Answer | null>;
  /** The same for IDLE, which `until` ends. */
  idle(until: Promise<void>): Promise<Answer | null>;
}

/** Behind the greeting; `hear` gets each response as it comes. `null`: there was none. */
export async function talkImap(
  transport: Transport,
  hear: (response: Response, during: During) => void,
): Promise<ImapTalk | null> {
  const talk = talkOver(transport);
  let count = 0;

  async function answerTo(tag: string, during: During, onGo: () => void): Promise<Answer | null> {
    for (;;) {
      const response = await hearResponse(talk);
      if (response === null || response.is === "bye") return null;
      hear(response, during);
      if (response.is === "go") onGo();
      if (response.is === "tagged" && response.tag === tag) return response;
    }
  }

  const greeting = await hearResponse(talk);
  if (greeting === null || greeting.is === "bye") return null;
  return {
    async ask(command, during) {
      const tag = `a${++count}`;
      if (!await talk.say(`${tag} ${command}\r\n`)) return null;
      return await answerTo(tag, during, () => {});
    },
    async idle(until) {
      const tag = `a${++count}`;
      if (!await talk.say(`${tag} IDLE\r\n`)) return null;
      const done = () => void until.then(() => talk.say("DONE\r\n"));
      return await answerTo(tag, { command: "IDLE" }, done);
    },
  };
}
