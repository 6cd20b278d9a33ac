import type { CircuitState } from '../resilience/circuit-breaker.ts';

/**
 * The operations that the service needs from a payment gateway. A single attempt over HTTP and the resilient gateway
 * around it share this interface, so that either can stand in for the other.
 */
export interface PaymentGateway {
  /** Charges a card. Idempotent: a repeat under the same key never charges twice, it gets the first outcome. */
  charge(charge: Charge, context: CallContext): Promise<ChargeOutcome>;
  /**
   * Makes sure that nothing is or will be charged under the key: the gateway refunds an earlier charge and refuses a
   * later one. Idempotent.
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
  /** Milliseconds that the call may take. Default and upper bound: the implementation's own limit. */
  timeLimit?: number;
  /** Milliseconds that the gateway is granted for one attempt. Default: the implementation's own. */
  attemptTimeout?: number;
  /** Whether failed attempts are retried. Default true; false if the caller itself comes back later. */
  retry?: boolean;
  /** Whether nobody waits for the call, so that a slow gateway gets more time. Such a call is not retried. Default false. */
  patient?: boolean;
  /** Cuts the call short: its outcome is then unknown. Default: nothing does. */
  signal?: AbortSignal;
  /** What a failure could be blamed on besides the gateway: one card, one client. Default: nothing. */
  causes?: readonly string[];
}

/** How a charge ended. A declined card is a normal outcome. A timeout is not a failure: the outcome is unknown. */
export type ChargeOutcome =
  | { kind: 'succeeded'; paymentId: string }
  | { kind: 'declined'; declineCode: string }
  /** The charge was cancelled at the gateway earlier; it will never go through. */
  | { kind: 'cancelled' }
  | Refused
  | Undecided;

/** How a cancellation ended. */
export type CancelOutcome =
  | { kind: 'cancelled' }
  /** There was nothing to cancel: the card had been declined. */
  | { kind: 'declined'; declineCode: string }
  | Refused
  | Undecided;

/**
 * The gateway does not accept this request, such as an amount or a currency that it does not take. It did nothing, and a
 * repeat would end the same way. It says nothing about the card, nor about the gateway, which works.
 */
export interface Refused {
  kind: 'refused';
  /** The gateway's reason. */
  refusalCode: string;
}

/** `retryAfter` is the wait that the gateway asks for before any other request, in milliseconds. */
export type Undecided =
  /** The gateway certainly did nothing. This says nothing about the card. */
  | { kind: 'unavailable'; reason: UnavailableReason; retryAfter?: number; cause?: unknown }
  /** The gateway may or may not have carried out the request. */
  | { kind: 'unknown'; reason: UnknownReason; retryAfter?: number; cause?: unknown };

export type UnavailableReason =
  /** The circuit breaker is open: no request was sent. */
  | 'circuit_open'
  /** The circuit breaker is open for this card or this client alone: no request was sent. */
  | 'suspended'
  /** The gateway asked for a pause: no request was sent. `retryAfter` is what is left of it. */
  | 'paused'
  /** The client's other orders hold its share of the connections: no request was sent. */
  | 'client_share'
  /** Every connection was in use, and none became free in time: no request was sent. */
  | 'connections_busy'
  /** No connection could be made. */
  | 'unreachable'
  /** The caller's deadline had passed: no request was sent. */
  | 'deadline'
  /** The gateway limits our requests. */
  | 'rate_limited'
  /** The gateway is still busy with an earlier request under the same key. */
  | 'key_in_use'
  /** The gateway rejects us, whatever we ask: wrong URL or credentials. An operator must look into it. */
  | 'rejected';

export type UnknownReason =
  /** No answer within the time limit. */
  | 'timeout'
  /** No answer before the caller's deadline or signal, which says nothing about the gateway. */
  | 'deadline'
  /** The connection broke after the request was sent. */
  | 'connection_lost'
  /** 5xx: the gateway failed at an unknown point of the work. */
  | 'gateway_error'
  /** The answer is not in the documented form. */
  | 'malformed_answer';

export interface AttemptEvent {
  operation: 'charge' | 'cancel';
  key: string;
  /** 1 for the first. */
  attempt: number;
}

/** Domain probe of the payment code; telemetry implements it. */
export interface PaymentEvents {
  /** Wraps one call with all its attempts. */
  calling<T extends ChargeOutcome | CancelOutcome>(
    call: Omit<AttemptEvent, 'attempt'>,
    work: () => Promise<T>,
  ): Promise<T>;
  attempting(event: AttemptEvent): void;
  /**
   * `duration` is in milliseconds; `isFailure` tells whether the answer, if one was asked for, counts against the gateway;
   * `circuit` is the state at the start of the attempt.
   */
  attempted(
    event: AttemptEvent & {
      outcome: ChargeOutcome | CancelOutcome;
      isFailure: boolean;
      duration: number;
      breaker: Breaker;
      circuit: CircuitState;
    },
  ): void;
  retrying(event: AttemptEvent & { outcome: Undecided; delay: number }): void;
  /** A retry was due, but the retry budget had none left. */
  retryBudgetSpent(event: AttemptEvent): void;
  /** `breaker` is `payment` for orders whose client waits, and `settlement` for calls that are patient. */
  circuitChanged(event: { breaker: Breaker; from: CircuitState; to: CircuitState }): void;
  /** The circuit opened for one card or one client alone. */
  suspended(event: { breaker: Breaker; cause: string }): void;
  /** A client holds its share of the connections. Called once for many orders that are refused another one. */
  clientShareUsed(event: { client: string }): void;
  /** The gateway asked for a pause, in milliseconds, here or at another replica. A pause beyond the maximum is shortened to it. */
  paused(event: { duration: number; isShortened: boolean; learned: 'here' | 'from_replica' }): void;
  /** The pause is over. */
  resumed(): void;
}

export type Breaker = 'payment' | 'settlement';
