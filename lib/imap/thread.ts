/** Who answers whom: THREAD's two algorithms (RFC 5256 §3). */

/** What a message says about its place. */
export interface Threadable {
  readonly number: number;
  readonly sentAt: number;
  /** The base subject, in upper case. */
  readonly subject: string;
  readonly isReply: boolean;
  /** Without brackets, quotes undone; `null` without a valid one. */
  readonly messageId: string | null;
  /** Of References, or the first of In-Reply-To; the oldest first. */
  readonly references: readonly string[];
}

/** A message with those that answer it; `null`: one that is not here, whose answers are. */
export interface Thread {
  readonly number: number | null;
  readonly children: readonly Thread[];
}

/** Answers to answers: beyond it they stand side by side, for each level is a call in a call. */
export const THREAD_DEPTH_MAX = 500;

/** RFC 5256 §3 ORDEREDSUBJECT. */
export function bySubject(messages: readonly Threadable[]): readonly Thread[] {
  const groups = [...Map.groupBy(bySentDate(messages), ({ subject }) => subject).values()];
  return groups
    .toSorted(([a], [b]) => compareSent(a!, b!))
    .map(([first, ...rest]) => ({
      number: first!.number,
      children: rest.map(({ number }) => ({ number, children: [] })),
    }));
}

/** RFC 5256 §3 REFERENCES. */
export function byReferences(messages: readonly Threadable[]): readonly Thread[] {
  const heads = linked(messages).filter((node) => node.parent === null); // (1) and (2)
  flatten(heads);
  const pruned = heads.flatMap((node) => prune(node, true)); // (3)
  const gathered = gather(inOrder(pruned)); // (4) and (5)
  return inOrder(gathered).map(threadOf); // (6)
}

/** How threads are said (RFC 5256 §4): `(2)(3 6 (4 23)(44 7 96))`. */
export function formatThreads(
  threads: readonly Thread[],
  idOf: (number: number) => number,
): string {
  return threads.map((thread) => `(${formatThread(thread, idOf)})`).join("");
}

/** A run of single answers without a call for each: threads can be long. */
function formatThread(thread: Thread, idOf: (number: number) => number): string {
  const parts: string[] = [];
  let at: Thread | undefined = thread;
  while (at !== undefined) {
    if (at.number !== null) parts.push(String(idOf(at.number)));
    if (at.children.length !== 1) break;
    at = at.children[0];
  }
  const branches: readonly Thread[] = at?.children ?? [];
  const rest = branches.map((child) => `(${formatThread(child, idOf)})`).join("");
  // RFC 5256 §5: a parent that is not here is left out, and its children stand side by side.
  return [...parts, ...rest === "" ? [] : [rest]].join(" ");
}

/** A message in the making of threads; without one it is a dummy. */
interface Node {
  readonly message: Threadable | null;
  parent: Node | null;
  /** A set, for a message can have a hundred thousand answers that find their place later. */
  readonly children: Set<Node>;
}

function linked(messages: readonly Threadable[]): readonly Node[] {
  const byId = new Map<string, Node>();
  const nodes: Node[] = [];
  for (const message of messages) {
    const node: Node = { message, parent: null, children: new Set() };
    nodes.push(node);
    // (1.A): of two with the same id, the first one has it.
    const { messageId } = message;
    if (messageId !== null && !byId.has(messageId)) byId.set(messageId, node);
  }
  const all = [...nodes];
  const nodeOf = (id: string): Node => {
    const known = byId.get(id);
    if (known !== undefined) return known;
    const dummy: Node = { message: null, parent: null, children: new Set() };
    byId.set(id, dummy);
    all.push(dummy);
    return dummy;
  };
  for (const node of nodes) {
    let parent: Node | null = null;
    for (const id of node.message!.references) {
      const child = nodeOf(id);
      if (parent !== null && child.parent === null) link(parent, child);
      parent = child;
    }
    unlink(node); // (1.B)
    if (parent !== null) link(parent, node);
  }
  return all;
}

function link(parent: Node, child: Node): void {
  let depth = 0;
  for (let above: Node | null = parent; above !== null; above = above.parent) {
    // It would be a loop, or as good as one.
    if (above === child || ++depth > THREAD_DEPTH_MAX) return;
  }
  adopt(parent, child);
}

function adopt(parent: Node, child: Node): void {
  child.parent?.children.delete(child);
  child.parent = parent;
  parent.children.add(child);
}

function unlink(node: Node): void {
  node.parent?.children.delete(node);
  node.parent = null;
}

/**
 * What was linked the other way round, children before parents, may lie deeper than any link has
 * seen: there answers stand beside what they answer.
 */
function flatten(heads: readonly Node[]): void {
  let level = heads;
  for (let depth = 1; depth < THREAD_DEPTH_MAX && level.length > 0; depth++) {
    level = level.flatMap(({ children }) => [...children]);
  }
  for (const parent of level) {
    const below = [...parent.children];
    for (let node = below.pop(); node !== undefined; node = below.pop()) {
      below.push(...node.children);
      adopt(parent, node);
    }
  }
}

/** (3) Dummies go, and their children take their place. */
function prune(node: Node, isHead: boolean): readonly Node[] {
  const kept = [...node.children].flatMap((child) => prune(child, false));
  if (node.message === null && !(isHead && kept.length > 1)) return kept;
  setChildren(node, kept);
  return [node];
}

function setChildren(node: Node, children: readonly Node[]): void {
  node.children.clear();
  for (const child of children) adopt(node, child);
}

/** (5) Threads with the same subject become one. */
function gather(heads: readonly Node[]): readonly Node[] {
  const table = new Map<string, Node>();
  for (const head of heads) {
    const subject = subjectOf(head);
    if (subject === "") continue;
    const known = table.get(subject);
    const better = known === undefined ||
      (known.message !== null &&
        (head.message === null || (known.message.isReply && !head.message.isReply)));
    if (better) table.set(subject, head);
  }
  const result = new Set<Node>(heads);
  for (const head of heads) {
    const subject = subjectOf(head);
    const known = subject === "" ? undefined : table.get(subject);
    if (known === undefined || known === head || !result.has(head)) continue;
    if (known.message === null && head.message === null) {
      for (const child of head.children) adopt(known, child);
      result.delete(head);
    } else if (known.message === null || (head.message?.isReply && !known.message.isReply)) {
      adopt(known, head);
      result.delete(head);
    } else {
      const dummy: Node = { message: null, parent: null, children: new Set() };
      setChildren(dummy, [known, head]);
      result.delete(head);
      result.delete(known);
      result.add(dummy);
      table.set(subject, dummy);
    }
  }
  return [...result];
}

/** (5.B.i) Of a dummy its first child counts; its children are in order. */
function subjectOf(head: Node): string {
  return firstOf(head).subject;
}

/** (4) and (6): siblings by the day on which they were sent, on all levels. */
function inOrder(nodes: readonly Node[]): readonly Node[] {
  for (const node of nodes) setChildren(node, inOrder([...node.children]));
  return nodes.toSorted((a, b) => compareSent(firstOf(a), firstOf(b)));
}

/** Of a dummy its first child counts. Only heads are dummies, and their children are in order. */
function firstOf({ message, children }: Node): Threadable {
  return message ?? firstOf([...children][0]!);
}

function threadOf({ message, children }: Node): Thread {
  return { number: message?.number ?? null, children: [...children].map(threadOf) };
}

function bySentDate(messages: readonly Threadable[]): readonly Threadable[] {
  return messages.toSorted(compareSent);
}

function compareSent(a: Threadable, b: Threadable): number {
  return a.sentAt - b.sentAt || a.number - b.number;
}
