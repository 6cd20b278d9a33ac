import { STATUS_CODES } from 'node:http';

/** An HTTP answer as a value: it is built before a fault decides whether it is ever sent. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: unknown;
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}

/** Problem details (RFC 9457). `code` is for programs and stable, `detail` is for people. */
export function problem(
  status: number,
  code: string,
  detail: string,
  extra: { headers?: Readonly<Record<string, string>>; members?: Readonly<Record<string, unknown>> } = {},
): Answer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...extra.headers },
    body: { type: 'about:blank', title: STATUS_CODES[status], status, detail, code, ...extra.members },
  };
}
