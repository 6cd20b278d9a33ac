import { type ChannelListener, subscribe } from 'node:diagnostics_channel';

export interface UndiciRequest {
  origin: string | URL;
  method: string;
  path: string;
  addHeader(name: string, value: string): void;
}

/** What undici tells of a request that it sends, step by step. The request is one object in all messages about it. */
interface UndiciMessages {
  create: { request: UndiciRequest };
  headers: { request: object; response: { statusCode: number } };
  trailers: { request: object };
  error: { request: object; error: Error };
}

/** @see https://undici.nodejs.org/#/docs/api/DiagnosticsChannel */
export function subscribeToUndici<Step extends keyof UndiciMessages>(
  step: Step,
  listener: (message: UndiciMessages[Step]) => void,
): void {
  subscribe(`undici:request:${step}`, listener as ChannelListener);
}
