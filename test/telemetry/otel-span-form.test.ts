import { describe, expect, test } from 'vitest';
import { traceIdOf } from '../support/clients/trace-context.ts';
import { eachWithTracedService } from '../support/processes/traced-service.ts';

// The SDK handles every export format except the default, and all span limits.

const spawn = eachWithTracedService();
const spansOfOrder = 6;

describe('spans of the SDK', () => {
  test.each(['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'])(
    '%s=http/json exports spans as JSON',
    async (variable) => {
      const { api, process, receiver } = await spawn({ [variable]: 'http/json' });
      const { headers } = await api.place();
      await process.stop();
      const sent = receiver.received.filter(({ path }) => path === '/v1/traces');
      expect(new Set(sent.map((request) => request.headers['content-type']))).toEqual(
        new Set(['application/json']),
      );
      const text = sent.map(({ body }) => body.toString()).join('\n');
      expect(text.split(`"traceId":"${traceIdOf(headers)}"`)).toHaveLength(1 + spansOfOrder);
    },
  );

  test.each(['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'])(
    '%s bounds the number of attributes of a span',
    async (variable) => {
      const { api, receiver } = await spawn({ [variable]: '3' });
      const { headers } = await api.place();
      await receiver.waitForTrace(traceIdOf(headers), spansOfOrder);
      const spans = receiver.spans.filter(({ traceId }) => traceId === traceIdOf(headers));
      const numbers = spans.map(({ attributes }) => Object.keys(attributes).length);
      expect(Math.max(...numbers)).toBe(3);
    },
  );

  test('OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT truncates text attributes', async () => {
    const { api, receiver } = await spawn({ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4' });
    const { headers } = await api.place();
    await receiver.waitForTrace(traceIdOf(headers), spansOfOrder);
    const insert = receiver.spans.find(({ name }) => name === 'INSERT orders');
    expect(insert?.attributes).toMatchObject({ 'db.system.name': 'post', 'db.query.summary': 'INSE' });
  });
});
