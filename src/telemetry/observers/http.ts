import type { Span } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { identity } from '../../identity.ts';
import type { CallerTrust } from '../../http/limits/trusted-callers.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type RequestContext, type RequestLog, roundTime, runInRequest } from '../request-log.ts';
import { traceConnectionsOf } from '../tracing/traced-connections.ts';
import { isSampled, markExemplar, traceparentOf, validContext } from '../tracing/tracing.ts';
import { createHttpNames } from './http-names.ts';
import { schemeOf } from './server-attributes.ts';
import { instrumentedServerSpans, ownServerSpans, type ServerSpan } from './server-span.ts';

const observation = Symbol('observation of the request');

interface Observation {
  requestContext: RequestContext;
  server: ServerSpan;
  ended: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    [observation]?: Observation;
  }
}

/** The attribute of each log field that the span of a request has, too. */
export type SpanAttributes = Readonly<Partial<Record<keyof RequestLog, string>>>;

/**
 * One span, one log line and one set of metrics per request. The span continues the trace of a trusted caller, and the
 * response carries its `traceparent`.
 *
 * @param makeSpans false if an instrumentation creates the spans; this observer then completes them
 */
export function observeRequests(
  app: FastifyInstance,
  logger: Logger,
  metrics: Metrics,
  {
    makeSpans,
    isTrusted,
    knownMethods,
    attributes,
  }: {
    makeSpans: boolean;
    isTrusted: CallerTrust;
    knownMethods: readonly string[];
    attributes: SpanAttributes;
  },
): void {
  const names = createHttpNames(knownMethods);
  // Only looked up if it is shown: behind a proxy that means to read headers.
  const schemeIn = (request: FastifyRequest) => (metrics.detailed ? schemeOf(request) : 'http');
  const startServerSpan = (makeSpans ? ownServerSpans : instrumentedServerSpans)({ names, isTrusted });
  if (!makeSpans) traceConnectionsOf(app.server);

  app.addHook('onRequest', (request, reply, done) => {
    metrics.requestStarted(names.methodOf(request.method), schemeIn(request));
    const requestLog: RequestLog = { request_id: request.id };
    const server = startServerSpan(request);
    const spanContext = validContext(server.span);
    if (spanContext) {
      request.traceId = spanContext.traceId;
      reply.header('traceparent', traceparentOf(spanContext));
    }
    const requestContext = { requestLog, trace: spanContext };
    request[observation] = { requestContext, server, ended: false };
    // Fastify's onResponse does not run if the client disconnects before the response is sent. First of the listeners, because
    // that of the HTTP instrumentation ends the span.
    reply.raw.prependListener('close', () => {
      if (!reply.raw.writableFinished) end(request, reply, clientGone);
    });
    runInRequest(requestContext, () => server.run(done));
  });

  app.addHook('onResponse', (request, reply, done) => {
    end(request, reply, reply.statusCode);
    done();
  });

  function end(request: FastifyRequest, reply: FastifyReply, status: number): void {
    const observed = request[observation];
    if (observed === undefined || observed.ended) return;
    observed.ended = true;
    // What ends a request may know nothing of it: the parser answers for a body that breaks off, in the context of nobody.
    runInRequest(observed.requestContext, () => record(observed, request, reply, status));
  }

  function record(observed: Observation, request: FastifyRequest, reply: FastifyReply, status: number): void {
    const { requestContext, server } = observed;
    const route = request.routeOptions.url ?? 'unknown';
    const isExemplar = metrics.requestEnded(
      {
        method: names.methodOf(request.method),
        route,
        status,
        scheme: schemeIn(request),
        version: request.raw.httpVersion,
      },
      reply.elapsedTime,
      sampledTraceIdOf(server.span),
    );
    if (isExemplar) markExemplar(server.span);
    describeRequest(observed, request, attributes);
    server.end(status === clientGone ? 'client_gone' : status);
    if (requestContext.requestLog.unlogged) return;
    logger.info(
      {
        event: 'http.request',
        method: request.method,
        route,
        status,
        duration_ms: roundTime(reply.elapsedTime),
        ...requestContext.requestLog,
        ...(request.clientId && { client_id: request.clientId }),
      },
      'request handled',
    );
  }
}

/** nginx's status for a client that disconnects before the response. Metrics and the log have it; it is never sent. */
const clientGone = 499;

function sampledTraceIdOf(span: Span): string | undefined {
  const spanContext = validContext(span);
  // Without an SDK, the context is that of the caller, whose trace cannot be marked.
  return spanContext && isSampled(spanContext) && !spanContext.isRemote ? spanContext.traceId : undefined;
}

const attributeNames = {
  request: `${identity.namespace}.request.id`,
  client: `${identity.namespace}.client.id`,
};

/** Attributes that are known only once the request is handled. */
function describeRequest(
  { server: { span }, requestContext: { requestLog } }: Observation,
  request: FastifyRequest,
  attributes: SpanAttributes,
): void {
  if (!span.isRecording()) return;
  span.setAttribute(attributeNames.request, request.id);
  if (request.clientId) span.setAttribute(attributeNames.client, request.clientId);
  for (const [field, name] of Object.entries<string | undefined>(attributes)) {
    const value = requestLog[field as keyof RequestLog];
    if (name !== undefined && value !== undefined) span.setAttribute(name, value);
  }
}
