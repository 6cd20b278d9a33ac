import { createReadStream } from 'node:fs';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { fastify, type FastifyError, type FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { listen } from '../../src/http/listen.ts';
import type { Logger } from '../../src/telemetry/logging/logger.ts';
import { problem } from '../simulator/answer.ts';
import { ajvOptions, invalidRequest } from '../simulator/invalid-request.ts';
import { refuseStrangers } from '../simulator/refuse-strangers.ts';
import { type Capture, type Captures, openCaptures, type ProfileKind, profileKinds } from './captures.ts';
import type { EvidenceConfig } from './config.ts';
import { followUpText, sendFollowUp } from './follow-up.ts';
import { firingAlerts, Notification } from './notification.ts';
import { capturesPage } from './page.ts';
import { createResponder, type Responder } from './responder.ts';
import { ownFolder } from './sole-owner.ts';
import { createTargets } from './targets.ts';

export interface EvidenceReceiver {
  /** Without a trailing slash. */
  url: string;
  /** Newest first. */
  captures(): readonly Capture[];
  close(): Promise<void>;
}

/** Largest webhook, in bytes: 200 alerts with their labels and annotations. */
const bodyLimit = 1_048_576;

/**
 * Starts the receiver of Alertmanager's webhooks.
 *
 * @throws {StartupError} when it cannot listen there, or when another receiver has its folder
 */
export async function startEvidence(
  config: Omit<EvidenceConfig, 'logLevel'> & { logger: Logger },
): Promise<EvidenceReceiver> {
  const { host, port, allowedHosts, targets, capture, store, followUpUrl, logger } = config;
  const captures = await openCaptures(store);
  const ending = new AbortController();
  /** Of the links; the listener's own address, if the port was any free one. */
  let base = config.url;
  const responder = createResponder({
    targets: createTargets(targets),
    captures,
    settings: capture,
    logger,
    async onLinked(taken, alert) {
      if (followUpUrl === undefined) return;
      const text = followUpText(taken, alert, base);
      await sendFollowUp(followUpUrl, text, { logger, signal: ending.signal });
    },
  });

  const app = fastify({ bodyLimit, forceCloseConnections: true, ajv: { customOptions: ajvOptions } });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const expected = error.statusCode !== undefined && error.statusCode < 500;
    if (!expected) logger.error({ err: error }, 'a request failed with an unexpected error');
    const answer = expected
      ? invalidRequest(error)
      : problem(500, 'internal_error', 'The receiver failed. Its log has the error.');
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  });
  app.setNotFoundHandler((_request, reply) => notFound(reply, 'Nothing has this address.'));
  refuseStrangers(app, { allowedHosts, variable: 'EVIDENCE_ALLOWED_HOSTS' });
  await app.register(webhookRoutes(responder));
  await app.register(captureRoutes(captures));
  app.get('/livez', () => ({ status: 'ok' }));
  app.get('/metrics', (_request, reply) =>
    reply.type('text/plain; version=0.0.4; charset=utf-8').send(metricsOf(responder)),
  );

  let giveFolderUp = (): void => {};
  async function close(): Promise<void> {
    ending.abort();
    await app.close();
    await responder.close();
    giveFolderUp();
  }
  try {
    const url = await listen(app, { host, port }, 'EVIDENCE_PORT');
    if (port === 0) base = url;
    giveFolderUp = await ownFolder(store.folder);
    // Only now: whoever has the port or the folder may be at work in it.
    await captures.tidy();
    return { url, captures: captures.all, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** One webhook per kind of profile: the routes of Alertmanager decide which alert asks for which. */
const webhookRoutes =
  (responder: Responder): FastifyPluginAsyncTypebox =>
  async (app) => {
    for (const kind of profileKinds) {
      app.post(`/alerts/${kind}`, { schema: { body: Notification } }, async (request, reply) =>
        // Accepted, even if all are refused: Alertmanager would log a failure, and repeat it, for what does not change.
        reply.code(202).send({ alerts: await responder.notify(kind, firingAlerts(request.body)) }),
      );
    }
  };

const captureRoutes =
  (captures: Captures): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.addHook('onRequest', async (_request, reply) => {
      reply.headers({
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
    });

    const Filter = Type.Object({ alert: Type.Optional(Type.String({ maxLength: 200 })) });
    app.get('/', { schema: { querystring: Filter } }, (request, reply) => {
      const { alert } = request.query;
      const shown = captures
        .all()
        .filter(({ alerts }) => alert === undefined || alerts.some(({ name }) => name === alert));
      if (request.headers.accept?.includes('text/html') !== true) return reply.send({ captures: shown });
      const title = alert === undefined ? 'Evidence' : `Evidence for ${alert}`;
      return reply.type('text/html; charset=utf-8').send(capturesPage(shown, title));
    });

    const Id = Type.Object({ id: Type.String({ maxLength: 64 }) });
    app.get('/captures/:id', { schema: { params: Id } }, (request, reply) => {
      const capture = captures.find(request.params.id);
      if (capture === undefined) return notFound(reply, noCapture);
      if (request.headers.accept?.includes('text/html') !== true) return reply.send(capture);
      return reply.type('text/html; charset=utf-8').send(capturesPage([capture], 'Evidence'));
    });

    const File = Type.Object({ id: Type.String({ maxLength: 64 }), name: Type.String({ maxLength: 64 }) });
    app.get('/captures/:id/:name', { schema: { params: File } }, (request, reply) => {
      const { id, name } = request.params;
      const capture = captures.find(id);
      const file = capture && captures.fileOf(capture, name);
      if (file === undefined) return notFound(reply, noCapture);
      return reply
        .type('application/json')
        .header('content-disposition', `attachment; filename="${id}-${name}"`)
        .send(createReadStream(file));
    });
  };

const noCapture = 'There is no such capture. The oldest are deleted first (EVIDENCE_KEEP, EVIDENCE_DISK).';

function notFound(reply: FastifyReply, detail: string): FastifyReply {
  const { status, headers, body } = problem(404, 'not_found', detail);
  return reply.code(status).headers(headers).send(body);
}

/** @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format */
function metricsOf(responder: Responder): string {
  const { captures, refused } = responder.counts();
  const samples = (Object.entries(captures) as Array<[ProfileKind, Record<string, number>]>).flatMap(
    ([kind, outcomes]) =>
      Object.entries(outcomes).map(
        ([outcome, count]) => `evidence_captures_total{profile="${kind}",outcome="${outcome}"} ${count}`,
      ),
  );
  return [
    '# HELP evidence_captures_total Captures, by kind of profile and whether it was taken.',
    '# TYPE evidence_captures_total counter',
    ...samples,
    '# HELP evidence_alerts_refused_total Alerts about an instance that is none of EVIDENCE_TARGETS.',
    '# TYPE evidence_alerts_refused_total counter',
    `evidence_alerts_refused_total ${refused}`,
    '',
  ].join('\n');
}
