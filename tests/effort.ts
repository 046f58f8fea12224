/**
 * Counts what work costs in ways that are the same on every machine: statements that a database
 * runs, bytes that are copied from one array into another, and arrays that are made.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** How often each statement was run, by its first words. */
export interface Statements {
  /** How often statements ran that begin so; all of them where nothing is said. */
  count(beginning?: string): number;
  /** Begins anew. */
  forget(): void;
}

/** Counts what is prepared from here on. */
export function countStatements(database: DatabaseSync): Statements {
  const counts = new Map<string, number>();
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    const statement = prepare(sql);
    const counted = (run: (...values: never[]) => unknown) => (...values: never[]) => {
      counts.set(sql, (counts.get(sql) ?? 0) + 1);
      return run.apply(statement, values);
    };
    return {
      get: counted(statement.get),
      all: counted(statement.all),
      run: counted(statement.run),
    } as StatementSync;
  };
  return {
    count: (beginning = "") =>
      [...counts].filter(([sql]) => sql.trimStart().startsWith(beginning))
        .reduce((sum, [, times]) => sum + times, 0),
    forget: () => counts.clear(),
  };
}

export interface Memory {
  /** Bytes that went from one typed array into another. */
  readonly copiedBytes: number;
  /** The sizes of all byte arrays that were made for so many bytes. */
  readonly madeBytes: number;
}

/** What `work` copies, and makes room for. Nothing else may run meanwhile. */
export async function memoryOf(work: () => Promise<unknown>): Promise<Memory> {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype);
  const { set, slice } = prototype;
  const Original = globalThis.Uint8Array;
  let copiedBytes = 0;
  let madeBytes = 0;
  prototype.set = function (this: Uint8Array, from: ArrayLike<number>, at?: number) {
    copiedBytes += from.length;
    return set.call(this, from, at);
  };
  prototype.slice = function (this: Uint8Array, ...range: number[]) {
    const part = slice.apply(this, range);
    copiedBytes += part.length;
    madeBytes += part.length;
    return part;
  };
  globalThis.Uint8Array = new Proxy(Original, {
    construct(target, args, newTarget) {
      if (typeof args[0] === "number") madeBytes += args[0];
      return Reflect.construct(target, args, newTarget);
    },
  });
  try {
    await work();
  } finally {
    Object.assign(prototype, { set, slice });
    globalThis.Uint8Array = Original;
  }
  return { copiedBytes, madeBytes };
}
