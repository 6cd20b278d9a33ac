import { subscribe } from 'node:diagnostics_channel';
import { serverOfUrl } from '../server-of-url.ts';
import { errorType } from '../tracing/tracing.ts';
import { conventionNamed } from './conventions.ts';
import { definitionOf } from './convention-metrics.ts';
import type { Instruments } from './instruments.ts';

/** @see https://undici.nodejs.org/#/docs/api/DiagnosticsChannel */
interface UndiciRequest {
  origin: string | URL;
  method: string;
}

interface Sent {
  startedAt: number;
  method: string;
  address: string;
  port: string;
  status: string;
}

/**
 * Measures every request over HTTP that the process sends, as `http.client.request.duration`. The metric of the dependency
 * cannot become this one: it knows the outcome for the domain, and no status.
 */
export function observeClientRequests(make: Instruments): void {
  const duration = make.histogram({
    ...definitionOf(convention),
    buckets: conventionNamed(convention).buckets ?? [],
  });
  const inFlight = new WeakMap<object, Sent>();

  subscribe('undici:request:create', (message) => {
    const { request } = message as { request: UndiciRequest };
    // It opens the way through a proxy. The request itself follows.
    if (request.method === 'CONNECT') return;
    const { address, port } = serverOfUrl(request.origin);
    inFlight.set(request, {
      startedAt: performance.now(),
      method: request.method,
      address,
      port: String(port),
      status: '',
    });
  });
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as { request: object; response: { statusCode: number } };
    const sent = inFlight.get(request);
    if (sent) sent.status = String(response.statusCode);
  });
  subscribe('undici:request:trailers', (message) => {
    const { request } = message as { request: object };
    const sent = inFlight.get(request);
    if (sent) record(sent, Number(sent.status) >= 400 ? sent.status : '');
  });
  subscribe('undici:request:error', (message) => {
    const { request, error } = message as { request: object; error: Error };
    const sent = inFlight.get(request);
    if (sent) record(sent, errorType(error));
  });

  function record({ startedAt, method, address, port, status }: Sent, error: string): void {
    duration.child(method, address, port, status, error).observe((performance.now() - startedAt) / 1000);
  }
}

const convention = 'http.client.request.duration';
