/** A mailbox over POP3. */
import type { Pop3Job, Pop3Result } from "../pop3/client.ts";
import { EXIT, Failure } from "./fail.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Wish } from "./reader_desk.ts";

/** The mailbox of whoever has logged in; POP3 has no other. */
export function pop3Mailbox(wish: Wish<Pop3Job, Pop3Result>): Mailbox {
  const retrieve = async (message: number) => {
    const result = await wish({ do: "retrieve", message });
    if (result.did === "retrieve") return result.content;
    throw refusedFailure(result, `message ${message}`);
  };
  return {
    more: null,
    async list() {
      const result = await wish({ do: "list" });
      if (result.did !== "list") throw refusedFailure(result, "the list of messages");
      return result.messages.map((message) => ({ ...message, key: message.number }));
    },
    async *headers(messages) {
      for (const listing of messages) {
        // RFC 1939 §7: TOP is optional.
        const result = await wish({ do: "top", message: listing.key, lines: 0 });
        yield [listing, result.did === "top" ? result.content : await retrieve(listing.key)];
      }
    },
    retrieve: ({ key }) => retrieve(key),
    async remove(messages) {
      for (const { key } of messages) {
        const result = await wish({ do: "delete", message: key });
        if (result.did !== "delete") throw refusedFailure(result, `deleting message ${key}`);
      }
    },
  };
}

function refusedFailure(result: Pop3Result, what: string): Failure {
  const words = result.did === "nothing" ? result.refusal.text : "another answer";
  return new Failure(EXIT.noInput, `the server refused ${what}: ${words}`);
}
