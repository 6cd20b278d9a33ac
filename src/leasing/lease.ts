/**
 * How long a lease on stored work lasts. It has to outlast the longest work that its holder can do, so that no other
 * process takes the work meanwhile. The fencing token stops a holder that is late nevertheless.
 */

/** Upper bounds of a holder's steps, in milliseconds. */
export interface StepBounds {
  /** One statement, including its retries and the wait for a connection. */
  statement: number;
  /** One call to a dependency, with all its attempts. */
  call: number;
  /** One attempt at it. */
  attempt: number;
}

/** Allowance for timers that fire late, in milliseconds. */
const margin = 1000;

/** The lease of a request, in milliseconds: a statement that takes it, a call, and a statement that ends it. */
export function requestLease({ statement, call }: StepBounds): number {
  return 2 * statement + call + margin;
}

/**
 * The lease of a worker, in milliseconds: a statement that takes the batch, and then for each piece of the longest lane
 * one attempt and the statement that ends its lease.
 *
 * @param worker.concurrency lanes that share a batch
 */
export function workerLease(
  { statement, attempt }: Pick<StepBounds, 'statement' | 'attempt'>,
  { batchSize, concurrency }: { batchSize: number; concurrency: number },
): number {
  const piecesPerLane = Math.ceil(batchSize / concurrency);
  return statement + piecesPerLane * (attempt + statement) + margin;
}
