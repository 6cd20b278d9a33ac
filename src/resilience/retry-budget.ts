/** Bounds retries over all requests, so that they cannot multiply the load on a gateway that is already down. */
export interface RetryBudget {
  /** Called once per request: earns a share of a retry. */
  deposit(): void;
  /** Takes one retry out, or says that there is none. */
  withdraw(): boolean;
}

/**
 * A token bucket: every request deposits `share` tokens, every retry takes one, and the bucket holds `reserve`
 * tokens at the most and at the start. Over n requests there are at most `reserve + share · n` retries.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs
 */
export function createRetryBudget({ share, reserve }: { share: number; reserve: number }): RetryBudget {
  let tokens = reserve;
  return {
    deposit() {
      // A reserve of 0 still has to let the share add up to a whole retry.
      tokens = Math.min(tokens + share, Math.max(reserve, 1));
    },
    withdraw() {
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
