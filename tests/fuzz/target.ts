/** One thing that is fuzzed, with what must hold for every input. */
export interface FuzzTarget {
  /** Its file's name without the ending: `pop3_command`. */
  readonly name: string;
  /** What holds for every input, as one sentence. */
  readonly invariant: string;
  /** Good inputs to begin with; at least one. */
  readonly seeds: readonly Uint8Array[];
  /** Throws, or rejects, when the invariant does not hold. Must not change `input`. */
  run(input: Uint8Array): void | Promise<void>;
}
