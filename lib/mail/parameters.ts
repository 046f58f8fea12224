/** The parameters of fields such as Content-Type, RFC 2045 §5.1. */

/** One of them. */
export interface Parameter {
  /** As it is written. */
  readonly attribute: string;
  /** As it is meant: quotes and backslashes are undone. */
  readonly value: string;
  /** The value as it is written, with its quotes. */
  readonly written: string;
}

/**
 * The parameters behind the type, in their order; the text is unfolded, and comments are out of it.
 * What is none is passed over, and so is one in the form of RFC 2231, with a star in its name.
 */
export function parametersIn(text: string): readonly Parameter[] {
  return [...text.matchAll(PARAMETER)].map(([, attribute = "", quoted, plain = ""]) =>
    quoted === undefined
      ? { attribute, value: plain, written: plain }
      : { attribute, value: quoted.replace(/\\(.)/gs, "$1"), written: `"${quoted}"` }
  );
}

const PARAMETER = /;\s*([^\s=;"*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g;
