import { AsyncLocalStorage } from 'node:async_hooks';
import type { SpanContext } from '@opentelemetry/api';

/**
 * The fields of the canonical log line of one request, or of one piece of work in the background, collected along the way, under the
 * names that they have in the log. Code at any depth finds it through the async context, so no signature carries it. The
 * observers of the domain declare the fields that they add.
 *
 * @see https://stripe.com/blog/canonical-log-lines
 */
export interface RequestLog {
  request_id: string;
  client_id?: string;
  db_ms?: number;
  /** The condition of Postgres in which a statement of the request failed. */
  db_condition?: string;
  redis_ms?: number;
  /** Why the request was shed, or that its client or its address is over a limit. */
  shed?: string;
  /** Set to suppress the line, if too many say the same. */
  unlogged?: true;
}

/** The log fields of a request, and its trace. */
export interface RequestContext {
  requestLog: RequestLog;
  /** `undefined` if telemetry is disabled. */
  trace: SpanContext | undefined;
  /** The number of the attempt at a dependency that it makes at the moment. Default 1. */
  attempt?: number;
}

/** The fields that are sums of milliseconds. */
type Times = Extract<keyof RequestLog, `${string}_ms`>;

const contexts = new AsyncLocalStorage<RequestContext>();

/** Runs `next` and everything that it starts in the async context of the request. */
export function runInRequest<T>(requestContext: RequestContext, next: () => T): T {
  return contexts.run(requestContext, next);
}

export function currentRequestContext(): RequestContext | undefined {
  return contexts.getStore();
}

export function currentRequestLog(): RequestLog | undefined {
  return contexts.getStore()?.requestLog;
}

/** Adds the milliseconds of one call to the total of the request. */
export function addTime(field: Times, milliseconds: number): void {
  const requestLog = currentRequestLog();
  if (requestLog) requestLog[field] = roundTime((requestLog[field] ?? 0) + milliseconds);
}

/**
 * The middle of the interval of 10 µs that the time falls into, so that it is never a whole number: a whole one would be
 * an integer in JSON and in OTLP, and a store that keeps one type per field would refuse or split such lines.
 */
export function roundTime(milliseconds: number): number {
  return (Math.floor(milliseconds * 100) * 10 + 5) / 1000;
}
