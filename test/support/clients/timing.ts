/** Time that a busy machine may add to any wait, in milliseconds. */
export const hiccup = 1500;

/** Returns the result of the work and how long it took, in milliseconds. */
export async function timed<T>(work: () => Promise<T>): Promise<{ result: T; took: number }> {
  const startedAt = performance.now();
  const result = await work();
  return { result, took: performance.now() - startedAt };
}
