/** Bounds the retries of all requests together, so that they cannot multiply the load on a dependency that is down. */
export interface RetryBudget {
  /** Called once per request: earns a share of a retry. */
  deposit(): void;
  /** Spends one retry. Returns false when none is left. */
  withdraw(): boolean;
}

/**
 * A token bucket: every request deposits `share` tokens, every retry takes one, and the bucket holds `reserve`
 * tokens at most and starts full. So n requests make at most `reserve + share · n` retries.
 *
 * @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md#throttling-retry-attempts-and-hedged-rpcs
 */
export function createRetryBudget({ share, reserve }: { share: number; reserve: number }): RetryBudget {
  let tokens = reserve;
  return {
    deposit() {
      // Even with a reserve of 0, the shares must be able to add up to a whole retry.
      tokens = Math.min(tokens + share, Math.max(reserve, 1));
    },
    withdraw() {
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
