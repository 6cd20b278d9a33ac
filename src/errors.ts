/**
 * The errors that the service itself raises. Each has a stable `code`, which the HTTP edge maps to a status, so this file
 * knows nothing of HTTP. A library's error is wrapped as `cause` where it is caught.
 */

/** A request cannot be fulfilled. The caller sees `message`, which explains why. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ServiceErrorCode;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter: number | undefined;

  constructor(
    code: ServiceErrorCode,
    message: string,
    options: { retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.retryAfter = options.retryAfter;
  }
}

/**
 * The level of the log line about an error outside of a request: `warn` for what ends by itself or an operator mends, and
 * `error` for a defect, at which a person must look.
 */
export function levelOf(error: unknown): 'warn' | 'error' {
  return error instanceof ServiceError ? 'warn' : 'error';
}

export type ServiceErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'rate_limited'
  | 'deadline_exceeded'
  | 'database_unavailable';

/** The codes of an error and of its causes: equal for two errors with the same origin. */
export function codesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : error.name;
  return error.cause === undefined ? code : `${code} ${codesOf(error.cause)}`;
}

/** Longer than any chain that the service builds. The bound ends a cycle of causes. */
const longestChain = 8;

/**
 * The code that is furthest down the chain of causes: that of the fault which an error of the service wraps. A host name with
 * several addresses, or several hosts, fail with one error for each; the first that has a code counts.
 */
export function originalCodeOf(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > longestChain) return undefined;
  for (const wrapped of [error.cause, ...(error instanceof AggregateError ? error.errors : [])]) {
    const code = originalCodeOf(wrapped, depth + 1);
    if (code !== undefined) return code;
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The process cannot start, for a reason that the operator can fix. `message` explains how. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  readonly code = 'cannot_start';
}
