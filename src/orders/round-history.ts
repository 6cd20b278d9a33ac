import type { CancelOutcome, ChargeOutcome, UnavailableReason } from '../payment/payment-gateway.ts';

/** What the rounds of a pending order have shown so far. It decides what the next round does. */
export interface RoundHistory {
  /** Rounds in which the gateway refused the charge. */
  refusals: number;
  /** The gateway's reason for the last of them. */
  refusalCode: string | undefined;
  /** Rounds in a row in which the gateway did not answer in time, or was not asked because it answers others only. */
  unanswered: number;
}

export const noHistory: RoundHistory = { refusals: 0, refusalCode: undefined, unanswered: 0 };

/** The history after a charge that left its order pending. */
export function historyAfter(history: RoundHistory, outcome: ChargeOutcome): RoundHistory {
  switch (outcome.kind) {
    case 'refused':
      return { refusals: history.refusals + 1, refusalCode: outcome.refusalCode, unanswered: 0 };
    case 'unknown':
      // The client's own deadline says nothing about how long the gateway takes.
      if (outcome.reason === 'deadline') return history;
      return { ...history, unanswered: outcome.reason === 'timeout' ? history.unanswered + 1 : 0 };
    case 'unavailable':
      return ofOneClient.has(outcome.reason) ? { ...history, unanswered: history.unanswered + 1 } : history;
    case 'succeeded':
    case 'declined':
    case 'cancelled':
      return history;
  }
}

/** The same after a cancellation. A gateway that refuses to cancel says nothing about the charge. */
export function historyAfterCancel(history: RoundHistory, outcome: CancelOutcome): RoundHistory {
  return outcome.kind === 'refused' ? { ...history, unanswered: 0 } : historyAfter(history, outcome);
}

/**
 * What concerns one card or one client alone: it is suspended, or its orders hold its share of the connections, because the
 * gateway leaves them unanswered. Another order of it would wait no less, and would hold up those of others.
 */
const ofOneClient: ReadonlySet<UnavailableReason> = new Set(['suspended', 'client_share']);
