/** The fork cannot be made, for a reason that its maker can mend. `message` is one line. */
export class ForkError extends Error {
  override readonly name = 'ForkError';
}
