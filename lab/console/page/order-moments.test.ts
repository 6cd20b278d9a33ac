import fc from 'fast-check';
import { expect, test } from 'vitest';
import { spanRecord } from '../../../test/support/generators/span-record.ts';
import type { LogRecord, SpanRecord } from '../api-types.ts';
import type { OrderLife } from '../domain-types.ts';
import { elapsed } from './format.ts';
import { lifeOf } from './order-moments.ts';

const start = 1_700_000_000_000;

function span(spanId: string, from: number, to: number, rest: Partial<SpanRecord> = {}): SpanRecord {
  return spanRecord({ spanId, name: spanId, kind: 'CLIENT', start: start + from, end: start + to, ...rest });
}

function line(spanId: string, at: number): LogRecord {
  const time = start + at;
  const ids = { traceId: 't', spanId, orderId: 'o' };
  return {
    time,
    level: 'info',
    service: 'orders',
    event: '',
    text: `line of ${spanId}`,
    attributes: {},
    ...ids,
  };
}

const life = (rest: Partial<OrderLife>): OrderLife => ({
  orderId: 'o',
  traces: [],
  spans: [],
  logs: [],
  ...rest,
});
const printed = (of: OrderLife) => {
  const moments = lifeOf(of);
  return moments.map(({ time, what }) => `+${elapsed(time - (moments[0]?.time ?? 0))} ${what}`);
};

test('a line stands below the span that wrote it, although its clock has fewer digits', () => {
  // The span starts at 5.65 ms, and the line's clock says 5 ms.
  const spans = [span('request', 0, 20), span('charge', 5.65, 12)];
  expect(printed(life({ spans, logs: [line('charge', 5), line('request', 6)] }))).toEqual([
    '+0 ms request',
    '+5 ms charge',
    '+5 ms line of charge',
    '+6 ms line of request',
  ]);
});

test('moments that print as +6.32 and +5.65 ms are in the order of what is printed', () => {
  const spans = [span('request', 0, 20), span('insert', 6.32, 7)];
  const order = {
    status: 'paid',
    totalMinor: 1,
    currency: 'EUR',
    createdAt: new Date(start + 5).toISOString(),
    updatedAt: new Date(start + 18).toISOString(),
  };
  expect(printed(life({ spans, order }))).toEqual([
    '+0 ms request',
    '+5 ms pending',
    '+6 ms insert',
    '+18 ms paid',
  ]);
});

test('the printed times of any life ascend, and nothing precedes the span that caused it', () => {
  const time = fc.double({ min: 0, max: 90_000, noNaN: true });
  const spans = fc.uniqueArray(
    fc.record({ id: fc.stringMatching(/^[a-d]$/), from: time, length: time, event: fc.option(time) }),
    { selector: ({ id }) => id },
  );
  const logs = fc.array(fc.record({ id: fc.stringMatching(/^[a-e]$/), at: fc.nat(90_000) }));
  fc.assert(
    fc.property(spans, logs, (ofSpans, ofLogs) => {
      const moments = lifeOf(
        life({
          spans: ofSpans.map(({ id, from, length, event }) =>
            span(id, from, from + length, {
              events: event === null ? [] : [{ time: start + event, name: `event of ${id}`, attributes: {} }],
            }),
          ),
          logs: ofLogs.map(({ id, at }) => line(id, at)),
        }),
      );
      const first = moments[0]?.time ?? 0;
      for (const [index, moment] of moments.entries()) {
        expect(Number.isInteger(moment.time)).toBe(true);
        if (index > 0) expect(moment.time).toBeGreaterThanOrEqual(moments[index - 1]?.time ?? 0);
        const cause = moments.findIndex(({ what }) => what === moment.spanId);
        expect(cause).toBeLessThanOrEqual(index);
        expect(elapsed(moment.time - first)).not.toMatch(/\.\d{4}|\.\d+ ms/);
      }
    }),
  );
});
