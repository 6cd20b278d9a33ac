import { FaultsLeft } from '../harness/gateway-control.ts';

/** Faults of an experiment that could not be taken back. The message is for the user. */
export class RollbackFailure extends Error {
  override readonly name = 'RollbackFailure';

  constructor(failures: readonly unknown[]) {
    const reasons = failures.map((failure) => (failure instanceof Error ? failure.message : String(failure)));
    super(`A fault could not be rolled back. ${reasons.join(' ')}`, { cause: failures[0] });
  }
}

/** What an error says of faults that are still set, as sentences for the user. Empty if all were taken back. */
export function leftBehind(error: unknown): string[] {
  if (error instanceof FaultsLeft || error instanceof RollbackFailure) return [error.message];
  // Something else has failed on the way out, too.
  if (error instanceof SuppressedError) return [...leftBehind(error.error), ...leftBehind(error.suppressed)];
  return [];
}
