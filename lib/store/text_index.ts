/**
 * An index of what is written in messages: every run of three characters of their texts, so that it
 * can tell which messages cannot have what somebody looks for. It only ever rules out; whoever is
 * left has to be read. It lies in a file of its own, which can be lost at any time: a message that
 * is not in the index is one that it cannot rule out.
 *
 * A message is known by its mailbox's UIDVALIDITY and its UID, which are never used for another one
 * (RFC 9051 §2.3.1.1), so an index that is older than the store beside it is not wrong either.
 */
import type { ModSeq, Uid } from "./store.ts";

export interface TextIndex extends OpenedIndex, Disposable {
  /** Begins anew, with nothing: what it has is damaged. */
  renew(): void;
}

/** What can be done as long as nothing is damaged. */
export interface OpenedIndex {
  /** Those of which something is indexed, by UIDVALIDITY. */
  mailboxes(): readonly number[];
  /** `null`: nothing of this mailbox is indexed. */
  progress(uidValidity: number): Progress | null;
  /**
   * Adds the next messages of a mailbox, by UID; from then on all messages up to `through` are
   * known. With the first ones begins the mailbox; removals after `modSeq` are to be told later.
   */
  add(uidValidity: number, messages: readonly IndexedMessage[], progress: Progress): void;
  /** Forgets messages that are not there any more; those that it never had are passed over. */
  remove(uidValidity: number, uids: readonly Uid[]): void;
  /** Removals up to this mark are dealt with. */
  mark(uidValidity: number, modSeq: ModSeq): void;
  /** Those that it has of a mailbox, behind `after`; at most `max`, rising. */
  uids(uidValidity: number, after: Uid, max: number): readonly Uid[];
  /** Forgets some messages of a mailbox, at most `max`, and in the end itself: then `true`. */
  forget(uidValidity: number, max: number): boolean;
  /**
   * A page of the messages up to `progress.through` that may have every one of these texts; a UID
   * may come twice. `null`: the mailbox is not indexed, or the texts are too short for that, or may
   * reach over the end of the header; so every message may have them.
   */
  candidates(search: TextSearch): TextPage | null;
  /** Brings some order into itself, for a few milliseconds; `false` when nothing is left to do. */
  tidy(): boolean;
  close(): void;
}

export interface Progress {
  readonly through: Uid;
  readonly modSeq: ModSeq;
}

export interface IndexedMessage {
  readonly uid: Uid;
  /** `null` for a message that is left out: it is never ruled out. */
  readonly texts: IndexedTexts | null;
}

/** Texts in the form in which they are compared. */
export interface IndexedTexts {
  readonly header: string;
  readonly body: string;
}

export interface TextSearch {
  readonly uidValidity: number;
  /** All of them are wanted, in the form in which they are compared. */
  readonly texts: readonly string[];
  /** `whole`: in a text that is the header, a line feed, and the body. */
  readonly within: "header" | "body" | "whole";
  /** 0 for the first page, then `next` of the page before. */
  readonly after: number;
  readonly max: number;
}

export interface TextPage {
  readonly uids: readonly Uid[];
  /** `null` where no page follows. */
  readonly next: number | null;
}
