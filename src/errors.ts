/**
 * The errors that the service itself raises. Each has a stable `code`; the HTTP edge maps the code to a
 * status, so nothing here knows about HTTP. A fault of a library is wrapped where it becomes known, as `cause`.
 */

/** Something the request asks for cannot be done, and the caller is told why in `message`. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ServiceErrorCode;
  /** Seconds after which trying again makes sense. */
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

export type ServiceErrorCode =
  | 'invalid_request'
  | 'unauthenticated'
  | 'rate_limited'
  | 'deadline_exceeded'
  | 'database_unavailable';

/** The process cannot start, for a reason that its operator can remove. `message` says how. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
  readonly code = 'cannot_start';
}
