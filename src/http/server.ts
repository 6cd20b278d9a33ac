import { randomUUID } from 'node:crypto';
import { type IncomingMessage, maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import type { Config } from '../config.ts';
import { createAuthentication } from './auth.ts';
import { closeGently } from './gentle-close.ts';
import type { Health } from './health.ts';
import { answerOtherMethods } from './method-not-allowed.ts';
import { serveOpenApi } from './openapi.ts';
import { problemErrorHandler, problems, sendProblem } from './problem-details.ts';
import { scrub } from '../telemetry/scrub.ts';
import { strictValidation } from './validation.ts';

export interface ServerParts {
  config: Pick<Config, 'http' | 'apiKeys'>;
  version: string;
  health: Health;
  /** Routes that need an API key. */
  routes: FastifyPluginAsync;
  /** Attached before everything else, so that it sees every request. */
  observe(app: FastifyInstance): void;
  onDefect(error: unknown): void;
  onAuthFailure(reason: 'missing' | 'unknown'): void;
  /** A request was refused before it could be routed; no other hook saw it. */
  onUnreadable(refusal: { requestId: string; status: number }): void;
}

/** The public listener: request ids, problem details, API keys, the OpenAPI document, and the routes. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const handleError = problemErrorHandler((error) => parts.onDefect(error));
  const app = fastify({
    logger: false,
    bodyLimit: parts.config.http.bodyLimit,
    genReqId: requestIdOf,
    // While draining, answers carry `connection: close` instead: a request that came in is served.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    schemaController: strictValidation,
    // The schemas bound the parameters; the router's own bound would answer before them.
    routerOptions: { maxParamLength: maxHeaderSize },
    frameworkErrors: (error, request, reply) => {
      handleError(error, request, reply.header('x-request-id', request.id));
      parts.onUnreadable({ requestId: request.id, status: reply.statusCode });
    },
    clientErrorHandler: (error, socket) => refuseOnSocket(error, socket, parts),
  });
  // Fastify reads plain text by itself; here it is as unknown as any other type.
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, 'route_not_found', 'See /docs for what there is.'),
  );

  parts.observe(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (parts.health.draining()) reply.header('connection', 'close');
    done();
  });
  closeGently(app);

  await serveOpenApi(app, parts.version);
  const answerMethods = answerOtherMethods(app);
  app.decorateRequest('clientId', '');
  const authenticate = createAuthentication(parts.config.apiKeys.reveal(), parts.onAuthFailure);
  await app.register(async (scope) => {
    scope.addHook('onRequest', authenticate);
    await scope.register(parts.routes);
  });
  answerMethods();
  return app;
}

const saneRequestId = /^[\w.:/+=-]{1,128}$/;

/** The caller's id where it has a sane form, so that it can be followed across services; else a new one. */
function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && saneRequestId.test(given) && scrub(given) === given
    ? given
    : randomUUID();
}

/** What is no HTTP never becomes a request; it is answered on the socket itself. */
function refuseOnSocket(
  error: Error & { code?: string },
  socket: Socket,
  { onUnreadable }: Pick<ServerParts, 'onUnreadable'>,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const code = tooLarge ? 'headers_too_large' : 'malformed_request';
  const { status, title } = problems[code];
  const reason = STATUS_CODES[status];
  const requestId = randomUUID();
  const body = JSON.stringify({
    type: `urn:problem:${code}`,
    title,
    status,
    detail: 'The connection was closed, because what came over it is not a request that HTTP allows.',
    code,
    requestId,
  });
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  onUnreadable({ requestId, status });
}
