import type { Fault } from './faults.ts';

export type DeclineCode =
  | 'card_declined'
  | 'insufficient_funds'
  | 'expired_card'
  | 'fraud_suspected'
  | 'invalid_token';

/** How the card behind a token behaves. */
export interface TestToken {
  meaning: string;
  /** Why the bank refuses; omitted if it approves. */
  declineCode?: DeclineCode;
  /** Milliseconds on top of the configured latency. */
  latencyMs?: number;
  /** The fault of the n-th request with a key, counted from 1, unless a fault setting has hit that request. */
  fault?(attempt: number): Fault;
}

/** Test tokens, like the test cards that a payment provider documents. `GET /` shows this table. */
export const testTokens: ReadonlyMap<string, TestToken> = new Map([
  ['tok_visa', { meaning: 'succeeds' }],
  ['tok_mastercard', { meaning: 'succeeds' }],
  ['tok_amex', { meaning: 'succeeds' }],
  ['tok_declined', { meaning: 'declined: card_declined', declineCode: 'card_declined' }],
  ['tok_insufficient_funds', { meaning: 'declined: insufficient_funds', declineCode: 'insufficient_funds' }],
  ['tok_expired_card', { meaning: 'declined: expired_card', declineCode: 'expired_card' }],
  ['tok_fraud', { meaning: 'declined: fraud_suspected', declineCode: 'fraud_suspected' }],
  ['tok_slow', { meaning: 'succeeds, with 500 ms of extra latency', latencyMs: 500 }],
  [
    'tok_error_once',
    {
      meaning: 'the first request of each key gets a 500, the next one succeeds',
      fault: (attempt) => ({ kind: attempt === 1 ? 'error' : 'none' }),
    },
  ],
  [
    'tok_refused',
    {
      meaning: 'refused with 422: card_type_not_supported; nothing is ever charged',
      fault: () => ({ kind: 'refused', code: 'card_type_not_supported' }),
    },
  ],
  ['tok_timeout', { meaning: 'never answers and never charges', fault: () => ({ kind: 'timeout' }) }],
  [
    'tok_unknown_outcome',
    {
      meaning: 'charges at once, but answers 5 s later, when the caller has given up',
      fault: () => ({ kind: 'slow_success', delayMs: 5000 }),
    },
  ],
] satisfies Array<[string, TestToken]>);

const unknownToken: TestToken = { meaning: 'declined: invalid_token', declineCode: 'invalid_token' };

/** Any token that is not in the table is declined. */
export function testToken(token: string): TestToken {
  return testTokens.get(token) ?? unknownToken;
}
