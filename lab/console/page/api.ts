/** The console's server refused a request, or did not answer it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Code of the problem; empty if there was no answer. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * Calls the console's own server. The answer is not validated, because page and server are of one version.
 *
 * @throws {ApiError}
 */
export async function call<T>(
  method: 'GET' | 'PUT' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  return request<T>(method, path, body === undefined ? undefined : JSON.stringify(body));
}

/**
 * As `call`, with a body that is JSON already.
 *
 * @throws {ApiError}
 */
export async function request<T>(method: string, path: string, body?: string): Promise<T> {
  const response = await send(method, path, body);
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer as T;
  const { code = '', detail = `The console answers ${response.status}.` } = problemOf(answer);
  throw new ApiError(response.status, code, detail);
}

async function send(method: string, path: string, body?: string): Promise<Response> {
  try {
    return await fetch(path, {
      method,
      signal: AbortSignal.timeout(10_000),
      ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
    });
  } catch {
    throw new ApiError(0, '', 'The console does not answer.');
  }
}

function problemOf(answer: unknown): { code?: string; detail?: string } {
  if (typeof answer !== 'object' || answer === null) return {};
  const { code, detail, errors } = answer as Record<string, unknown>;
  const faults = Array.isArray(errors) ? errors.map((each: unknown) => JSON.stringify(each)).join(', ') : '';
  return {
    ...(typeof code === 'string' && { code }),
    ...(typeof detail === 'string' && { detail: faults ? `${detail} ${faults}` : detail }),
  };
}

/** The text to show for a failed call. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Builds a query string from the values that are set. */
export function query(values: Readonly<Record<string, string | number | undefined>>): string {
  const set = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return set.length === 0 ? '' : `?${new URLSearchParams(set).toString()}`;
}

/**
 * Repeats a task, with a pause after each run. It pauses while the page is hidden.
 *
 * @param interval milliseconds from the end of one run to the start of the next
 */
export function repeat(task: () => Promise<void>, interval: number, signal: AbortSignal): void {
  const run = async (): Promise<void> => {
    if (signal.aborted) return;
    if (document.visibilityState === 'visible') await task();
    if (!signal.aborted) setTimeout(() => void run(), interval);
  };
  void run();
}
