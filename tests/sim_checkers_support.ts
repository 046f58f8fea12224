/** Ledgers made by hand, for the tests of the simulation's judges. */
import assert from "$assert";
import { checkLedger } from "./sim/checkers.ts";
import type { World } from "./sim/geography.ts";
import {
  type Copy,
  createLedger,
  type Ledger,
  type MailboxSnapshot,
  type Submission,
  type Taking,
} from "./sim/ledger.ts";

const WORLD: World = {
  homeOf: (domain) => domain.endsWith(".test") ? domain : null,
  accountOf: (address) => address.replace(/\+.*@/, "@"),
  membersOf(address) {
    if (address === LIST || address === "crew@ship.test") return [CID];
    return address === "team@abc.test" ? [BOB, CID] : [address];
  },
  ownerOf: (address) => address === LIST ? BOB : null,
  relayOf: (server) => RELAYS.get(server) ?? null,
};
/** One sends everything through a server of ours, the other through a foreign one. */
const RELAYS = new Map([["ship.test", "klm.test"], ["boat.test", "relay.example"]]);
const NOW_MS = 1_000_000;
export const ANN = "ann@abc.test";
export const BOB = "bob@xyz.test";
export const CID = "cid@one.example";
/** Cid is on it, and Bob hears of what does not reach him. */
export const LIST = "list@abc.test";

export const CONTENT = `From: <${ANN}>\r\nSubject: mark-1.\r\n\r\n.Hello\r\n`;
export const RECEIVED = "Received: from client.test\r\n\tby abc.test id 1; Thu, 1 Jan 2026\r\n";
export const ADDED = "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@abc.test>\r\n";
const OUT = RECEIVED + ADDED + CONTENT;

export function submission(to: string, change: Partial<Submission> = {}): Submission {
  return {
    mark: "mark-1.",
    server: "abc.test",
    beganAtMs: 1000,
    endedAtMs: 2000,
    user: ANN,
    sender: ANN,
    recipients: [{ address: to, code: 250, notify: null }],
    content: CONTENT,
    hasDeadline: false,
    answer: "accepted",
    id: "1",
    ...change,
  };
}

export function copy(account: string, change: Partial<Copy> = {}): Copy {
  const content = `Return-Path: <${ANN}>\r\n${OUT}`;
  const server = account.slice(account.indexOf("@") + 1);
  return { server, account, uniqueId: "1.1", atMs: 3000, content, ...change };
}

export function taking(change: Partial<Taking> = {}): Taking {
  return {
    mark: "mark-1.",
    server: "one.example",
    client: "abc.test",
    sender: ANN,
    recipients: [CID],
    content: OUT,
    eightBit: true,
    verdict: "kept",
    atMs: 3000,
    heard: true,
    ...change,
  };
}

export interface Told {
  readonly about?: string;
  readonly action?: string;
  readonly id?: string;
  readonly from?: string;
}

export function report(told: Told = {}): string {
  const { about = CID, action = "failed", id = "r1", from = "abc.test" } = told;
  return [
    `Return-Path: <>`,
    `Message-ID: <${id}@abc.test>`,
    `Content-Type: multipart/report; report-type=delivery-status;`,
    ` boundary="b"`,
    ``,
    `--b`,
    `Content-Type: text/plain`,
    ``,
    `Sorry.`,
    `--b`,
    `Content-Type: message/delivery-status`,
    ``,
    `Reporting-MTA: dns; ${from}`,
    ``,
    `Final-Recipient: rfc822; ${about}`,
    `Action: ${action}`,
    `Status: 5.1.1`,
    ``,
    `--b`,
    `Content-Type: text/rfc822-headers`,
    ``,
    `Subject: mark-1.`,
    ``,
    `--b--`,
    ``,
  ].join("\r\n");
}

export const TOLD = (told: Told = {}) =>
  copy(ANN, { content: report(told), uniqueId: told.id ?? "r1" });

export function snapshot(change: Partial<MailboxSnapshot>): MailboxSnapshot {
  return {
    server: "abc.test",
    account: 1,
    atMs: 0,
    uidValidity: 1,
    uidNext: 3,
    modSeq: 5,
    uids: [1, 2],
    ...change,
  };
}

export const CRASH = { what: "crash", nodes: ["abc.test"], atMs: 3500 } as const;
export const BREAK = { what: "connection", nodes: ["abc.test", "xyz.test"], atMs: 3500 } as const;
export const UNRECORDED = { what: "unrecorded", nodes: ["abc.test"], atMs: 3400 } as const;
export const STOP = { what: "stop", nodes: ["abc.test"], atMs: 3500 } as const;
export const AGAIN = { atMs: 4000 };

/** Every account of ours is there from the beginning. */
export const ACCOUNTS = [ANN, BOB, "dee@abc.test"].map((account) => ({
  server: account.slice(account.indexOf("@") + 1),
  account,
  change: "added" as const,
  atMs: 0,
}));

/** What happened, and what is said about it; `null`: all is well. */
export type Case = readonly [what: string, happened: Partial<Ledger>, fault: RegExp | null];

/** One test for each. */
export function testCases(cases: readonly Case[]): void {
  for (const [what, happened, fault] of cases) {
    Deno.test(`checkLedger ${fault === null ? "is content with" : "finds"} ${what}`, () => {
      const ledger = { ...createLedger(), accounts: ACCOUNTS, ...happened };
      const faults = checkLedger(ledger, WORLD, NOW_MS);
      if (fault === null) return assert.deepEqual(faults, []);
      assert.ok(faults.some((each) => fault.test(each)), `${faults.join("\n")}, not ${fault}`);
    });
  }
}
