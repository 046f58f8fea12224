/** Time limits on what the system does. */

/**
 * Runs `work` until it is done, `ms` are over (then `late` is thrown), or `signal` is aborted (then
 * its reason is). `work` has to end when the signal that it is given is aborted.
 */
export async function within<T>(
  ms: number,
  late: Error,
  signal: AbortSignal | undefined,
  work: (stop: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(late), ms);
  const onAbort = () => stop.abort(signal!.reason);
  signal?.addEventListener("abort", onAbort);
  try {
    return await work(stop.signal);
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
