/** What makes the figures worthless, in one line for whoever runs the benchmark. */
export class BenchFailure extends Error {
  override readonly name = 'BenchFailure';
}
