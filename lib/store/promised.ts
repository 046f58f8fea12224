/** The result of work that is done at once, in the form in which a store promises it. */
export function promised<T>(work: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
