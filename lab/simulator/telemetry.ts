import type { ServerResponse } from 'node:http';
import {
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ChargeEvents, HandledRequest } from './charge-events.ts';
import type { Logger } from '../../src/telemetry/logging/logger.ts';
import { runInRequest } from '../../src/telemetry/request-log.ts';
import { scrub } from '../../src/privacy/scrub.ts';
import { validContext } from '../../src/telemetry/tracing/tracing.ts';
import { schemaUrl, serviceVersion } from '../../src/telemetry/version.ts';

const tracer = trace.getTracerProvider().getTracer('payment-gateway', serviceVersion, { schemaUrl });

interface Observation {
  span: Span;
  response: ServerResponse;
  /** Whether the handler is still running, with or without its caller. */
  inHandler: boolean;
  closed: boolean;
}

/**
 * Records the simulator's side of a payment attempt: one span below the caller's, and one log line. Both name the
 * injected fault, so that nobody searches for its cause.
 *
 * @param app the scope of the routes to observe
 */
export function observeGatewaySimulator(app: FastifyInstance, logger: Logger): ChargeEvents {
  const observations = new WeakMap<FastifyRequest, Observation>();

  app.addHook('onRequest', (request, reply, done) => {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const observation: Observation = {
      span: startSpan(request, parent),
      response: reply.raw,
      inHandler: false,
      closed: false,
    };
    observations.set(request, observation);
    // If the fault is silence, no answer ends the request: the caller closes the connection.
    reply.raw.once('close', () => {
      observation.closed = true;
      endOnceOver(observation);
    });
    const { span } = observation;
    const requestContext = {
      requestLog: { request_id: requestIdOf(request) ?? request.id },
      trace: validContext(span),
    };
    runInRequest(requestContext, () => context.with(trace.setSpan(parent, span), done));
  });
  app.addHook('preHandler', (request, _reply, done) => {
    const observation = observations.get(request);
    // A read has no outcome to record.
    if (observation) observation.inHandler = request.method === 'POST';
    done();
  });
  app.addHook('onError', (request, _reply, _error, done) => {
    const observation = observations.get(request);
    if (observation) observation.inHandler = false;
    done();
  });

  return {
    handled(request, operation, result) {
      // These fields lead from this line to the caller's trace and log lines.
      const tracing = { request_id: requestIdOf(request), traceparent: request.headers['traceparent'] };
      logger.info({ ...tracing, ...result }, operation);
      const observation = observations.get(request);
      if (observation === undefined) return;
      describe(observation.span, result);
      observation.inHandler = false;
      endOnceOver(observation);
    },
  };
}

function startSpan(request: FastifyRequest, parent: ReturnType<typeof context.active>): Span {
  const { method, routeOptions } = request;
  const route = routeOptions.url ?? 'unknown';
  const [path = ''] = request.url.split('?', 1);
  return tracer.startSpan(
    `${method} ${route}`,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'url.path': scrub(path),
        'url.scheme': 'http',
        'orders.request.id': scrub(requestIdOf(request) ?? request.id),
      },
    },
    parent,
  );
}

function describe(span: Span, { key, attempt, outcome, fault }: HandledRequest): void {
  span.setAttributes({
    'simulator.charge.key': scrub(key),
    'simulator.charge.outcome': outcome,
    'simulator.fault': fault,
    ...(attempt !== undefined && { 'simulator.charge.attempt': attempt }),
  });
}

/** Ends the span once the handler has finished and the response is closed, whichever comes last. */
function endOnceOver({ span, response, inHandler, closed }: Observation): void {
  if (inHandler || !closed) return;
  const status = response.writableFinished ? response.statusCode : undefined;
  if (status !== undefined) span.setAttribute('http.response.status_code', status);
  if (status === undefined || status >= 500) {
    const type = status === undefined ? 'no_answer' : String(status);
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR, message: type });
  }
  span.end();
}

function requestIdOf({ headers }: FastifyRequest): string | undefined {
  const id = headers['x-request-id'];
  return typeof id === 'string' ? id : undefined;
}
