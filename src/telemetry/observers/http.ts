import { isIP } from 'node:net';
import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { getRPCMetadata } from '@opentelemetry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { constantAttributes, oncePerPair } from '../otlp/constant-attributes.ts';
import { rootContext } from '../tracing/linked-context.ts';
import type { Logger } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { rememberLast } from '../tracing/remember-last.ts';
import { type RequestLog, roundTime, runInRequest } from '../request-log.ts';
import { scrub } from '../../privacy/scrub.ts';
import { dropTellingTraceState } from '../tracing/trace-state.ts';
import { isSampled, markExemplar, startTrace, traceparentOf, validContext } from '../tracing/tracing.ts';

const observation = Symbol('observation of the request');

interface Observation {
  requestLog: RequestLog;
  span: Span;
  /** Whether the span was started here, and so has to be ended here. */
  ownSpan: boolean;
  ended: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    [observation]?: Observation;
  }
}

/**
 * One span, one log line and one set of metrics per request. The trace of the caller goes on, where there is one; the
 * answer carries ours.
 *
 * @param makeSpans false where an instrumentation makes them; then they are enriched
 */
export function observeRequests(
  app: FastifyInstance,
  logger: Logger,
  metrics: Metrics,
  { makeSpans }: { makeSpans: boolean },
): void {
  app.addHook('onRequest', (request, reply, done) => {
    metrics.requestStarted();
    const requestLog: RequestLog = { request_id: request.id };
    if (makeSpans) dropTellingTraceState(request.headers);
    const parent = makeSpans ? propagation.extract(rootContext, request.headers) : context.active();
    const active = makeSpans ? undefined : trace.getSpan(parent);
    const span = active ?? startSpan(request, parent);
    request[observation] = { requestLog, span, ownSpan: active === undefined, ended: false };
    const spanContext = validContext(span);
    if (spanContext) {
      request.traceId = spanContext.traceId;
      reply.header('traceparent', traceparentOf(spanContext));
    }
    if (active) {
      rewriteTexts(active, request);
      nameByRoute(active, request);
    }
    const requestContext = { requestLog, trace: spanContext };
    // Fastify tells of answers alone, and a client that has gone gets none.
    reply.raw.on('close', () => {
      if (!reply.raw.writableFinished) runInRequest(requestContext, () => end(request, reply, clientGone));
    });
    if (makeSpans && span.isRecording())
      runInRequest(requestContext, () => context.with(trace.setSpan(parent, span), done));
    else runInRequest(requestContext, done);
  });

  app.addHook('onResponse', (request, reply, done) => {
    end(request, reply, reply.statusCode);
    done();
  });

  function end(request: FastifyRequest, reply: FastifyReply, status: number): void {
    const seen = request[observation];
    if (seen?.ended) return;
    if (seen) seen.ended = true;
    const route = request.routeOptions.url ?? 'unknown';
    const spanContext = seen && validContext(seen.span);
    const traceId = spanContext && isSampled(spanContext) ? spanContext.traceId : undefined;
    const isExemplar = metrics.requestEnded(
      knownMethod(request.method),
      route,
      status,
      reply.elapsedTime,
      traceId,
    );
    if (isExemplar) markExemplar(seen?.span);
    if (seen) finishSpan(seen, request, status);
    if (seen?.requestLog.unlogged) return;
    logger.info(
      {
        event: 'http.request',
        method: request.method,
        route,
        status,
        duration_ms: roundTime(reply.elapsedTime),
        ...seen?.requestLog,
        ...(request.clientId && { client_id: request.clientId }),
      },
      'request handled',
    );
  }
}

/** The status of those who were not there any more to be answered, as nginx has it. Nobody is sent it. */
const clientGone = 499;

/** Clients may send whatever Node reads; in labels and names there is one word for the rest of them. */
const knownMethods = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
]);

/** @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#common-attributes */
function knownMethod(method: string): string {
  return knownMethods.has(method) ? method : '_OTHER';
}

function nameOf(method: string, route: string | undefined): string {
  const known = knownMethods.has(method) ? method : 'HTTP';
  return route === undefined ? known : `${known} ${route}`;
}

// Looking for secrets takes time, and most texts are those of the request before.
const scrubPath = rememberLast(scrub);
const scrubHost = rememberLast(scrub);
const scrubUserAgent = rememberLast(scrub);

/** Methods and routes are few: those that Node reads, and ours. No route is an empty one. */
const kindOf = oncePerPair((method, route) => ({
  name: nameOf(method, route || undefined),
  constant: constantAttributes({
    'http.request.method': knownMethod(method),
    ...(!knownMethods.has(method) && { 'http.request.method_original': method }),
    'url.scheme': 'http',
    ...(route && { 'http.route': route }),
    ...(/^[^:*]+$/.test(route) && { 'url.path': route }),
  }),
}));

function startSpan(request: FastifyRequest, parent: ReturnType<typeof context.active>): Span {
  const { socket, routeOptions, url } = request;
  const route = routeOptions.url ?? '';
  const { name, constant } = kindOf(request.method, route);
  const span = startTrace(name, { kind: SpanKind.SERVER }, { parent, constant });
  if (!span.isRecording()) return span;
  const peer = socket.remoteAddress ?? '';
  // Without the query, and scrubbed: whatever a client puts there would be kept.
  const [path = ''] = url.split('?', 1);
  if (path !== constant.attributes['url.path']) span.setAttribute('url.path', scrubPath(path));
  span.setAttribute('server.address', scrubHost(request.hostname));
  span.setAttribute('server.port', socket.localPort ?? 0);
  // Behind a proxy it is what the proxy passes on, which may be any text.
  span.setAttribute('client.address', isIP(request.ip) === 0 ? peer : request.ip);
  span.setAttribute('network.peer.address', peer);
  span.setAttribute('network.peer.port', socket.remotePort ?? 0);
  span.setAttribute('network.protocol.version', request.raw.httpVersion);
  return span.setAttribute('user_agent.original', scrubUserAgent(request.headers['user-agent'] ?? ''));
}

/** The HTTP instrumentation writes these as they came, and the query with them. */
function rewriteTexts(span: Span, { url, hostname, headers }: FastifyRequest): void {
  if (!span.isRecording()) return;
  const [path = '', query] = url.split('?', 2);
  span.setAttributes({
    'url.path': scrubPath(path),
    'server.address': scrubHost(hostname),
    'user_agent.original': scrubUserAgent(headers['user-agent'] ?? ''),
    ...(query !== undefined && { 'url.query': '' }),
  });
}

/** How the HTTP instrumentation learns the route, which only the router knows. */
function nameByRoute(span: Span, { method, routeOptions: { url } }: FastifyRequest): void {
  if (url === undefined) return;
  const metadata = getRPCMetadata(context.active());
  if (metadata) metadata.route = url;
  span.updateName(nameOf(method, url));
}

function finishSpan(
  { span, requestLog, ownSpan }: Observation,
  request: FastifyRequest,
  status: number,
): void {
  if (span.isRecording()) {
    span.setAttribute('app.request_id', request.id);
    if (request.clientId) span.setAttribute('client.id', request.clientId);
    if (requestLog.order_id) span.setAttribute('order.id', requestLog.order_id);
    if (requestLog.idempotency) span.setAttribute('idempotency.result', requestLog.idempotency);
    if (ownSpan) {
      span.setAttribute('http.response.status_code', status);
      if (status >= 500) {
        span.setAttribute('error.type', String(status));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
    }
  }
  if (ownSpan) span.end();
}
