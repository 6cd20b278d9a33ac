/** A failure that makes the figures worthless. Its message is all that the user needs. */
export class BenchFailure extends Error {
  override readonly name = 'BenchFailure';
}
