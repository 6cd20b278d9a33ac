import type { CircuitState } from '../resilience/circuit-breaker.ts';

/**
 * What the service needs of a payment gateway. Implemented by one attempt over HTTP and by the resilient gateway
 * that wraps it; both have this interface, so that one can stand for the other.
 */
export interface PaymentGateway {
  /** Charges a card. Asking again with the same key never charges twice: the gateway answers with the first outcome. */
  charge(charge: Charge, context: CallContext): Promise<ChargeOutcome>;
  /**
   * Makes sure that nothing is or will be charged under the key: a charge that went through is refunded, and one that
   * comes later is refused. Asking again changes nothing.
   */
  cancel(key: string, context: CallContext): Promise<CancelOutcome>;
}

export interface Charge {
  /** The gateway's idempotency key: the order's id. */
  key: string;
  /** In minor units of the currency. */
  amountMinor: number;
  /** ISO 4217. */
  currency: string;
  paymentToken: string;
}

export interface CallContext {
  requestId: string;
  /** Milliseconds that the call may take. Defaults to the implementation's own limit, which it cannot exceed. */
  timeLimit?: number;
  /** Whether failed attempts are repeated. Default true; false where the caller comes back by itself. */
  retry?: boolean;
}

/** How a charge ended. A declined card is a normal ending, and a timeout is no failure but a question. */
export type ChargeOutcome =
  | { kind: 'succeeded'; paymentId: string }
  | { kind: 'declined'; declineCode: string }
  /** The charge had been cancelled at the gateway before; it will never go through. */
  | { kind: 'cancelled' }
  | Undecided;

/** How a cancellation ended. */
export type CancelOutcome =
  | { kind: 'cancelled' }
  /** There was nothing to cancel: the card had been declined. */
  | { kind: 'declined'; declineCode: string }
  | Undecided;

export type Undecided =
  /** For certain the gateway did nothing, and nothing is said about the card. */
  | { kind: 'unavailable'; reason: UnavailableReason; retryAfter?: number; cause?: unknown }
  /** The gateway may or may not have done what it was asked. */
  | { kind: 'unknown'; reason: UnknownReason; cause?: unknown };

export type UnavailableReason =
  /** The circuit breaker is open: the gateway was not asked. */
  | 'circuit_open'
  /** No connection came about. */
  | 'unreachable'
  /** The caller's deadline had come: the gateway was not asked. */
  | 'deadline'
  /** The gateway wants fewer requests; `retryAfter` holds the milliseconds it named. */
  | 'rate_limited'
  /** The gateway refuses the request as such: wrong address, wrong credentials, wrong form. A person must look. */
  | 'rejected';

export type UnknownReason =
  /** No answer within the time limit. */
  | 'timeout'
  /** No answer before the caller's deadline. Says nothing about the gateway. */
  | 'deadline'
  /** The connection broke after the request was sent. */
  | 'connection_lost'
  /** 5xx: the gateway stumbled, and does not say how far it came. */
  | 'gateway_error'
  /** An answer that cannot be understood. */
  | 'malformed_answer';

export interface AttemptEvent {
  operation: 'charge' | 'cancel';
  key: string;
  /** 1 for the first. */
  attempt: number;
}

/** What the payment code tells about itself; telemetry listens. */
export interface PaymentEvents {
  /** One call with all its attempts, from start to end. */
  calling<T extends ChargeOutcome | CancelOutcome>(
    call: Omit<AttemptEvent, 'attempt'>,
    work: () => Promise<T>,
  ): Promise<T>;
  attempting(event: AttemptEvent): void;
  /** `duration` in milliseconds; `circuit` is the state that the attempt met. */
  attempted(
    event: AttemptEvent & { outcome: ChargeOutcome | CancelOutcome; duration: number; circuit: CircuitState },
  ): void;
  retrying(event: AttemptEvent & { outcome: Undecided; delay: number }): void;
  /** A retry was due, and the budget over all requests had none left. */
  retryBudgetSpent(event: AttemptEvent): void;
  circuitChanged(event: { from: CircuitState; to: CircuitState }): void;
}
