import type { Batch } from '../batch.ts';

/** Where batches go. */
export interface Target {
  readonly name: string;
  /**
   * Resolves once the batch is accepted, or refused for good and counted. It tries as long as it takes.
   *
   * @throws {TargetGone} if it will never accept anything
   * @throws {unknown} the reason of the signal
   */
  send(batch: Batch, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A target that is no more, such as a pipe whose reader has ended. `message` is all that the user needs. */
export class TargetGone extends Error {
  override readonly name = 'TargetGone';
}
