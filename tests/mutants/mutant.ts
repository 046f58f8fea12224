/** A deliberate bug, and the test that has to notice it. */
export interface Mutant {
  /** What the changed program would do, behind the part that does it. */
  readonly name: string;
  readonly file: string;
  /** Exact text that is in the file once. */
  readonly find: string;
  readonly replace: string;
  /** `name`: the whole name of the test; without it, any test of the file may fail. */
  readonly test: { readonly file: string; readonly name?: string };
  /** What a stranger, or bad luck, would make of it. */
  readonly why: string;
}
