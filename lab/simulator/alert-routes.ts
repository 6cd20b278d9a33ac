import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { type Static, Type } from 'typebox';
import type { Logger } from '../../src/telemetry/logging/logger.ts';
import { problem } from './answer.ts';

const Texts = Type.Record(Type.String(), Type.String(), { expected: 'a JSON object of texts' });

const Alert = Type.Object({
  status: Type.Union([Type.Literal('firing'), Type.Literal('resolved')], {
    expected: '"firing" or "resolved"',
  }),
  labels: Texts,
  annotations: Texts,
  startsAt: Type.String(),
  endsAt: Type.String(),
  fingerprint: Type.String(),
});
type Alert = Static<typeof Alert>;

/** The body of Alertmanager's webhook, as far as it is read here. @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
const Notification = Type.Object(
  { receiver: Type.String(), alerts: Type.Array(Alert) },
  { expected: 'a JSON object' },
);

/** A message as incoming webhooks of chat programs take it, which programs add to an alert's notification. */
const Message = Type.Object({ text: Type.String({ maxLength: 10_000 }) }, { expected: 'a JSON object' });

/** Maximum number of alerts, and of messages; the oldest are dropped first. */
const mostAlerts = 500;

const runbooks = path.resolve(import.meta.dirname, '../../docs/runbooks');

/** A stand-in for a pager: receives Alertmanager's notifications and shows them, with the runbooks that they name. */
export function alertRoutes({ logger }: { logger: Logger }): FastifyPluginAsyncTypebox {
  const received = new Map<string, Alert & { receiver: string; receivedAt: string }>();
  const messages: Array<{ text: string; receivedAt: string }> = [];
  let heartbeatAt: string | null = null;

  return async (app) => {
    app.post('/alerts', { schema: { body: Notification } }, (request, reply) => {
      const { receiver, alerts } = request.body;
      const receivedAt = new Date().toISOString();
      for (const { fingerprint, status, labels, annotations, startsAt, endsAt } of alerts) {
        if (labels['severity'] === 'heartbeat') {
          heartbeatAt = receivedAt;
          continue;
        }
        // Reinserted at the end, so that alerts are ordered by their latest notification.
        received.delete(fingerprint);
        received.set(fingerprint, {
          receiver,
          status,
          labels,
          annotations,
          startsAt,
          endsAt,
          fingerprint,
          receivedAt,
        });
        logger.info({ receiver, status, labels, summary: annotations['summary'] }, 'alert');
      }
      for (const oldest of received.keys()) {
        if (received.size <= mostAlerts) break;
        received.delete(oldest);
      }
      return reply.code(204).send();
    });

    app.post('/alerts/messages', { schema: { body: Message } }, (request, reply) => {
      const { text } = request.body;
      messages.push({ text, receivedAt: new Date().toISOString() });
      if (messages.length > mostAlerts) messages.shift();
      logger.info({ text }, 'message about an alert');
      return reply.code(204).send();
    });

    /** Newest first, with the time of the last heartbeat of the alerting pipeline. */
    app.get('/alerts', (_request, reply) =>
      reply.send({
        alerts: [...received.values()].toReversed(),
        messages: messages.toReversed(),
        heartbeatAt,
      }),
    );
    app.delete('/alerts', (_request, reply) => {
      received.clear();
      messages.length = 0;
      return reply.code(204).send();
    });

    // Served here rather than by a code host, so that an alert's links work wherever the stack runs.
    const Name = Type.String({ pattern: '^[A-Za-z-]{1,64}\\.md$', expected: 'the name of a runbook' });
    app.get(
      '/runbooks/:name',
      { schema: { params: Type.Object({ name: Name }) } },
      async (request, reply) => {
        try {
          const text = await readFile(path.join(runbooks, request.params.name), 'utf8');
          return await reply.type('text/plain; charset=utf-8').send(text);
        } catch {
          const { status, headers, body } = problem(404, 'runbook_not_found', 'No runbook has this name.');
          return reply.code(status).headers(headers).send(body);
        }
      },
    );
  };
}
