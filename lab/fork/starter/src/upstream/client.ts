import type { UpstreamConfig } from '../config/upstream-config.ts';
import type { Backoff } from '../resilience/backoff.ts';
import { type CircuitState, createCircuit } from '../resilience/circuit-breaker.ts';
import { type Deadline, deadlineIn } from '../resilience/deadline.ts';
import { createRetryBudget } from '../resilience/retry-budget.ts';
import { type Attempt, retryWithFullJitter } from '../resilience/retry-with-full-jitter.ts';
import { type Answer, createHttpDependency, type Fault } from './exchange.ts';

/** It may or may not have taken effect. Asking again with the same key tells. */
export interface Undecided {
  kind: 'undecided';
  reason: Fault['reason'] | 'server_error' | 'circuit_open' | 'deadline';
}

/** One operation of the dependency. */
export interface Operation<Decided> {
  /** For spans and metrics. */
  name: string;
  path: string;
  /** What a response says; `undefined` for one that is not documented: after it the outcome is unknown. */
  interpret(answer: Answer): Decided | undefined;
}

export interface UpstreamClient<Decided> {
  /**
   * Posts the body. Never throws, and takes no longer than the deadline allows.
   *
   * @param context.key makes a repeat safe
   */
  call(body: object, context: CallContext): Promise<Decided | Undecided>;
  circuitState(): CircuitState;
  /** Calls that have begun and not ended. */
  inFlight(): number;
  /** Calls that wait for a connection, and those that have ended so far. */
  queue: { waiting(): number; completed(): number };
  close(): Promise<void>;
}

export interface CallContext {
  key: string;
  requestId: string;
  deadline: Deadline;
}

export type Outcome = { kind: string; reason?: string };

/** Domain probe of the calls; telemetry implements it. */
export interface UpstreamEvents {
  /** Wraps a call with all its retries. */
  calling<T extends Outcome>(operation: string, work: () => Promise<T>): Promise<T>;
  attempting(event: { attempt: number }): void;
  attempted(event: { operation: string; outcome: Outcome; duration: number }): void;
  retrying(event: { operation: string; attempt: number; delay: number; reason: string }): void;
  circuitChanged(change: { from: CircuitState; to: CircuitState }): void;
}

/** @property left milliseconds until the deadline of the call */
interface AttemptBounds {
  number: number;
  left: number;
}

const backoff: Backoff = { base: 20, floor: 5, cap: 500 };
/** Retries that a quiet service saves up. */
const retryReserve = 20;

/** A dependency over HTTP: retry ▸ budget ▸ breaker ▸ one attempt with a time limit of its own. */
export function createUpstream<Decided extends Outcome>(
  config: UpstreamConfig,
  { name: operation, path, interpret }: Operation<Decided>,
  events: UpstreamEvents,
): UpstreamClient<Decided> {
  const http = createHttpDependency(config);
  const circuit = createCircuit<Decided | Undecided>(config.breaker, isUndecided, events.circuitChanged);
  const budget = createRetryBudget({ share: config.retryShare, reserve: retryReserve });
  let inFlight = 0;
  let completed = 0;

  async function send(body: string, { key, requestId }: CallContext, left: number) {
    const headers = { 'content-type': 'application/json', 'idempotency-key': key, 'x-request-id': requestId };
    inFlight += 1;
    const result = await http.post({ path, headers, body }, { elapsed: left });
    inFlight -= 1;
    completed += 1;
    if (result.kind === 'fault') return undecided(result.reason);
    if (result.status >= 500 || result.status === 408 || result.status === 429)
      return undecided('server_error');
    return interpret(result) ?? undecided('malformed_answer');
  }

  /** If an attempt is cut off by the deadline of its caller, that says nothing about the dependency. */
  async function attemptOnce(body: string, context: CallContext, { number, left }: AttemptBounds) {
    // Only a caller can shorten the first attempt: the deadline of the call, which has just begun, is no shorter than an attempt.
    const granted = number === 1 ? context.deadline.remaining() : left;
    if (granted >= config.attemptTimeout) return circuit.fire(() => send(body, context, left));
    if (circuit.state() !== 'closed') return undefined;
    const outcome = await send(body, context, left);
    if (isUndecided(outcome) && outcome.reason === 'timeout') return undecided('deadline');
    return circuit.fire(async () => outcome);
  }

  return {
    call: (body, context) =>
      events.calling(operation, async () => {
        const text = JSON.stringify(body);
        const deadline = deadlineIn(Math.min(config.deadline, context.deadline.remaining()));
        async function attempt(number: number): Promise<Attempt<Decided | Undecided, Undecided>> {
          const startedAt = performance.now();
          const left = deadline.remaining();
          if (left <= 0) return { kind: 'done', value: undecided('deadline') };
          events.attempting({ attempt: number });
          const outcome = (await attemptOnce(text, context, { number, left })) ?? undecided('circuit_open');
          events.attempted({ operation, outcome, duration: performance.now() - startedAt });
          const isRepeated = isUndecided(outcome) && !notRepeated.has(outcome.reason);
          return isRepeated ? { kind: 'again', failure: outcome } : { kind: 'done', value: outcome };
        }
        const result = await retryWithFullJitter(attempt, {
          backoff,
          deadline,
          budget,
          maxAttempts: config.maxAttempts,
          onRetry: ({ attempt: number, delay, failure }) =>
            events.retrying({ operation, attempt: number, delay, reason: failure.reason }),
        });
        return result.kind === 'done' ? result.value : result.failure;
      }),
    circuitState: circuit.state,
    inFlight: () => inFlight,
    queue: { waiting: () => Math.max(0, inFlight - config.connections), completed: () => completed },
    async close() {
      circuit.close();
      await http.close();
    },
  };
}

/** A repeat cannot help while the circuit is open, or once the time is up. */
const notRepeated: ReadonlySet<string> = new Set(['circuit_open', 'deadline']);

function undecided(reason: Undecided['reason']): Undecided {
  return { kind: 'undecided', reason };
}

function isUndecided(outcome: Outcome): outcome is Undecided {
  return outcome.kind === 'undecided';
}
