import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { UpstreamConfig } from '../config/domain-config.ts';
import type { Backoff } from '../resilience/backoff.ts';
import { type CircuitState, createCircuit } from '../resilience/circuit-breaker.ts';
import { type Deadline, deadlineIn } from '../resilience/deadline.ts';
import { createRetryBudget } from '../resilience/retry-budget.ts';
import { type Attempt, retryWithFullJitter } from '../resilience/retry-with-full-jitter.ts';
import { startTimeLimit } from '../resilience/time-limit.ts';
import { isConnectError, openConnections } from './connections.ts';

/** What the dependency is asked for. `key` makes a repeat safe. */
export interface ConfirmationRequest {
  key: string;
  reference: string;
  quantity: number;
}

export type Confirmation =
  | { kind: 'confirmed'; confirmationId: string }
  /** It does not want this booking: never repeated, and no fault of the dependency. */
  | { kind: 'rejected'; reason: string }
  | Undecided;

/** It may or may not have taken effect. Asking again with the same key tells. */
export interface Undecided {
  kind: 'undecided';
  reason:
    | 'timeout'
    | 'unreachable'
    | 'connection_lost'
    | 'server_error'
    | 'malformed_answer'
    | 'circuit_open'
    | 'deadline';
}

export interface Upstream {
  /** Never throws, and takes no longer than the deadline allows. */
  confirm(
    request: ConfirmationRequest,
    context: { requestId: string; deadline: Deadline },
  ): Promise<Confirmation>;
  circuitState(): CircuitState;
  /** Calls that have begun and not ended. */
  inFlight(): number;
  /** Calls that wait for a connection, and those that have ended so far. */
  queue: { waiting(): number; completed(): number };
  close(): Promise<void>;
}

/** Domain probe of the calls; telemetry implements it. */
export interface UpstreamEvents {
  /** Wraps a call with all its retries. */
  calling(work: () => Promise<Confirmation>): Promise<Confirmation>;
  attempting(event: { attempt: number }): void;
  attempted(event: { attempt: number; outcome: Confirmation; duration: number }): void;
  retrying(event: { attempt: number; delay: number; reason: string }): void;
  circuitChanged(change: { from: CircuitState; to: CircuitState }): void;
}

const confirmedBody = Compile(Type.Object({ confirmationId: Type.String({ minLength: 1, maxLength: 255 }) }));
const rejectedBody = Compile(Type.Object({ reason: Type.String({ minLength: 1, maxLength: 64 }) }));

const backoff: Backoff = { base: 20, floor: 5, cap: 500 };
/** Retries that a quiet service saves up. */
const retryReserve = 20;
/** In bytes. */
const longestResponse = 65_536;

/** The dependency over HTTP: retry ▸ budget ▸ breaker ▸ one attempt with a time limit of its own. */
export function createUpstream(config: UpstreamConfig, events: UpstreamEvents): Upstream {
  const { origin, pathname } = new URL(config.url);
  const path = `${pathname.replace(/\/$/, '')}/confirmations`;
  const connections = openConnections(origin, {
    connections: config.connections,
    connectTimeout: config.attemptTimeout,
    longestResponse,
    proxy: config.proxy,
  });
  const circuit = createCircuit<Confirmation>(
    config.breaker,
    ({ kind }) => kind === 'undecided',
    events.circuitChanged,
  );
  const budget = createRetryBudget({ share: config.retryShare, reserve: retryReserve });
  let inFlight = 0;
  let completed = 0;

  async function exchange(
    request: ConfirmationRequest,
    requestId: string,
    signal: AbortSignal,
  ): Promise<Confirmation> {
    const { key, ...body } = request;
    const response = await connections.request({
      origin,
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key, 'x-request-id': requestId },
      body: JSON.stringify(body),
      signal,
    });
    return interpret(response.statusCode, await response.body.text());
  }

  /** One attempt, for as long as this process runs; the clock does not count, because nobody waits on the other side. */
  async function attemptOnce(
    request: ConfirmationRequest,
    requestId: string,
    left: number,
  ): Promise<Confirmation> {
    const aborting = new AbortController();
    const { promise: late, resolve } = Promise.withResolvers<Confirmation>();
    const limit = startTimeLimit({ running: config.attemptTimeout, elapsed: left }, () => {
      aborting.abort();
      resolve(undecided(left < config.attemptTimeout ? 'deadline' : 'timeout'));
    });
    inFlight += 1;
    try {
      return await Promise.race([exchange(request, requestId, aborting.signal), late]);
    } catch (error) {
      return undecided(isConnectError(error) ? 'unreachable' : 'connection_lost');
    } finally {
      inFlight -= 1;
      completed += 1;
      limit.clear();
    }
  }

  return {
    confirm: (request, { requestId, deadline: callers }) =>
      events.calling(async () => {
        const deadline = deadlineIn(Math.min(config.deadline, callers.remaining()));
        async function attempt(number: number): Promise<Attempt<Confirmation, Undecided>> {
          const startedAt = performance.now();
          const left = deadline.remaining();
          if (left <= 0) return { kind: 'done', value: undecided('deadline') };
          events.attempting({ attempt: number });
          const outcome =
            (await circuit.fire(() => attemptOnce(request, requestId, left))) ?? undecided('circuit_open');
          events.attempted({ attempt: number, outcome, duration: performance.now() - startedAt });
          const isLast = outcome.kind !== 'undecided' || notRepeated.has(outcome.reason);
          return isLast ? { kind: 'done', value: outcome } : { kind: 'again', failure: outcome };
        }
        const result = await retryWithFullJitter(attempt, {
          backoff,
          deadline,
          budget,
          maxAttempts: config.maxAttempts,
          onRetry: ({ attempt: number, delay, failure }) =>
            events.retrying({ attempt: number, delay, reason: failure.reason }),
        });
        return result.kind === 'done' ? result.value : result.failure;
      }),
    circuitState: circuit.state,
    inFlight: () => inFlight,
    queue: { waiting: () => Math.max(0, inFlight - config.connections), completed: () => completed },
    async close() {
      circuit.close();
      await connections.close();
    },
  };
}

/** A repeat cannot help while the circuit is open, or once the time is up. */
const notRepeated: ReadonlySet<string> = new Set(['circuit_open', 'deadline']);

function undecided(reason: Undecided['reason']): Undecided {
  return { kind: 'undecided', reason };
}

/** Trusts a response only in the documented form: after any other one the outcome is unknown. */
function interpret(status: number, text: string): Confirmation {
  if (status >= 500 || status === 408 || status === 429) return undecided('server_error');
  const body = parseJson(text);
  if ((status === 200 || status === 201) && confirmedBody.Check(body))
    return { kind: 'confirmed', confirmationId: body.confirmationId };
  if (status === 422 && rejectedBody.Check(body)) return { kind: 'rejected', reason: body.reason };
  return undecided('malformed_answer');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
