import { serverOfUrl } from '../server-of-url.ts';
import { errorType } from '../tracing/tracing.ts';
import { subscribeToUndici } from '../undici-messages.ts';
import { conventionNamed } from './conventions.ts';
import { definitionOf } from './convention-metrics.ts';
import type { Instruments } from './instruments.ts';

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

  subscribeToUndici('create', ({ request }) => {
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
  subscribeToUndici('headers', ({ request, response }) => {
    const sent = inFlight.get(request);
    if (sent) sent.status = String(response.statusCode);
  });
  subscribeToUndici('trailers', ({ request }) => {
    const sent = inFlight.get(request);
    if (sent) record(sent, Number(sent.status) >= 400 ? sent.status : '');
  });
  subscribeToUndici('error', ({ request, error }) => {
    const sent = inFlight.get(request);
    if (sent) record(sent, errorType(error));
  });

  function record({ startedAt, method, address, port, status }: Sent, error: string): void {
    duration.child(method, address, port, status, error).observe((performance.now() - startedAt) / 1000);
  }
}

const convention = 'http.client.request.duration';
