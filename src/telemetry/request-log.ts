import { AsyncLocalStorage } from 'node:async_hooks';
import type { SpanContext } from '@opentelemetry/api';

/**
 * What one request, or one round of settlement, went through: gathered on the way for its one log line. Names are
 * those of the log fields. Everything that happens for it, however deep, finds its story without being handed it.
 */
export interface RequestLog {
  request_id: string;
  client_id?: string;
  order_id?: string;
  order_status?: string;
  idempotency?: string;
  payment_outcome?: string;
  payment_attempts?: number;
  circuit_breaker?: string;
  payment_ms?: number;
  db_ms?: number;
  redis_ms?: number;
  /** Why the request was not worked on. */
  shed?: string;
  /** Its line is left out: there are too many that tell the same. */
  unlogged?: true;
}

/** The story and the trace that it belongs to. */
export interface RequestContext {
  requestLog: RequestLog;
  /** Missing where telemetry is disabled. */
  trace: SpanContext | undefined;
}

const contexts = new AsyncLocalStorage<RequestContext>();

/** Runs `next`, and all that follows from it, as part of the story. */
export function runInRequest<T>(requestContext: RequestContext, next: () => T): T {
  return contexts.run(requestContext, next);
}

export function currentRequestContext(): RequestContext | undefined {
  return contexts.getStore();
}

export function currentRequestLog(): RequestLog | undefined {
  return contexts.getStore()?.requestLog;
}

/** Adds up times, in milliseconds, that one request spent in several calls. */
export function addTime(field: 'db_ms' | 'payment_ms' | 'redis_ms', milliseconds: number): void {
  const requestLog = currentRequestLog();
  if (requestLog) requestLog[field] = roundTime((requestLog[field] ?? 0) + milliseconds);
}

export function roundTime(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}
