import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NumberedLog, LogRecord } from '../api-types.ts';
import { createLogStore, type LogQuery } from './log-store.ts';

const start = 1_700_000_000_000;
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
const traceIds = ['a1'.repeat(16), 'a2'.repeat(16)];
const words = fc.oneof(
  fc.constantFrom('', '"traceId":"', 'Broken "pipe"', 'order 茶', '\\'),
  fc.string({ unit: 'grapheme', maxLength: 200 }),
);

const line: fc.Arbitrary<LogRecord> = fc.record({
  time: fc.integer({ min: start, max: start + 100 }),
  level: fc.constantFrom(...levels),
  service: fc.constantFrom('orders', 'payment-gateway', 'a "quoted" one'),
  event: fc.constantFrom('http.request', 'payment.retry', ''),
  text: words,
  traceId: fc.constantFrom('', ...traceIds),
  spanId: fc.constant(''),
  orderId: fc.constantFrom('', 'o-1', 'o-10', 'o-2'),
  attributes: fc.oneof(
    fc.constant({}),
    // Names that the line itself has, too.
    fc.record({ request_id: fc.constantFrom('r-1', 'r-2', 7), orderId: fc.constantFrom('o-1', 'o-2') }),
  ),
});

const query: fc.Arbitrary<Omit<LogQuery, 'limit'>> = fc.record(
  {
    after: fc.nat({ max: 100 }),
    upTo: fc.nat({ max: 100 }),
    level: fc.constantFrom(...levels),
    event: fc.constantFrom('payment', 'http.request', 'nothing'),
    order: fc.constantFrom('o-1', 'o-2', 'o'),
    trace: fc.constantFrom('a1', 'a2a2', 'b'),
    // Names that every line has, and figures of its time, are not what it says.
    text: fc.constantFrom('broken "pipe"', '茶', 'TRACEID', '\\', 'attributes', 'a1a1', '17000', '7'),
    service: fc.constantFrom('gateway', '"quoted"'),
    from: fc.integer({ min: start, max: start + 100 }),
    to: fc.integer({ min: start, max: start + 100 }),
  },
  { requiredKeys: [] },
);

const steps = fc.array(
  fc.record({
    lines: fc.array(line, { maxLength: 10 }),
    breaks: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  }),
  { maxLength: 15 },
);

/** All lines in one list, which is searched for each question. */
function createNaiveStore() {
  const lines: NumberedLog[] = [];
  return {
    lines,
    add(request: readonly LogRecord[]) {
      const earlier = new Set(lines.map(({ number: _number, ...each }) => JSON.stringify(each)));
      for (const each of request)
        if (!earlier.has(JSON.stringify(each))) lines.push({ ...each, number: lines.length + 1 });
    },
    matching: ({
      after = 0,
      upTo = Infinity,
      level = 'trace',
      event = '',
      order = '',
      trace = '',
      text = '',
      ...rest
    }: Omit<LogQuery, 'limit'>) =>
      lines.filter((each) => {
        const said = [each.level, each.service, each.event, each.text, each.orderId, each.attributes];
        return (
          each.number > after &&
          each.number <= upTo &&
          levels.indexOf(each.level) >= levels.indexOf(level) &&
          each.event.includes(event) &&
          each.orderId.startsWith(order) &&
          each.traceId.startsWith(trace) &&
          each.service.includes(rest.service ?? '') &&
          each.time >= (rest.from ?? 0) &&
          each.time <= (rest.to ?? Infinity) &&
          (JSON.stringify(said).toLowerCase().includes(JSON.stringify(text.toLowerCase()).slice(1, -1)) ||
            each.traceId.startsWith(text))
        );
      }),
  };
}

function addTo(
  store: ReturnType<typeof createLogStore>,
  { lines, breaks }: { lines: LogRecord[]; breaks: boolean },
) {
  function* read() {
    yield* lines;
    if (breaks) throw new RangeError('The message is truncated.');
  }
  try {
    store.add(read());
  } catch (error) {
    if (!breaks) throw error;
  }
}

const parsed = (lines: readonly string[]) => lines.map((each) => JSON.parse(each) as NumberedLog);

test('a log store without an eviction gives the answers of a naive store', () => {
  fc.assert(
    fc.property(steps, fc.array(query, { maxLength: 10 }), (batches, queries) => {
      const store = createLogStore(10_000_000, () => false);
      const naive = createNaiveStore();
      for (const batch of batches) {
        addTo(store, batch);
        if (!batch.breaks) naive.add(batch.lines);
      }
      for (const wanted of [{}, ...queries]) {
        const { last, lines, skipped, kept } = store.find({ ...wanted, limit: 1000 });
        const found = naive.matching(wanted);
        expect({ last, lines: parsed(lines), skipped, kept }).toEqual({
          last: naive.lines.length,
          lines: found,
          skipped: naive.matching({ ...wanted, upTo: Infinity }).length - found.length,
          kept: naive.lines.length,
        });
      }
      for (const id of ['o-1', 'o-10', 'o'])
        expect(parsed(store.ofOrder(id))).toEqual(naive.lines.filter(({ orderId }) => orderId === id));
      for (const id of traceIds)
        expect(parsed(store.ofTrace(id))).toEqual(naive.lines.filter(({ traceId }) => traceId === id));
      const ofRequest = naive.lines.findLast(
        ({ traceId, attributes }) => traceId !== '' && attributes['request_id'] === 'r-1',
      );
      expect(store.traceOfRequest('r-1')).toBe(ofRequest?.traceId);
    }),
  );
});

test('a log store that evicts keeps the newest lines, and of the older ones the newest worth keeping, each as it came', () => {
  const isKept = ({ level, traceId }: LogRecord) => levels.indexOf(level) >= 3 || traceId === traceIds[0];
  fc.assert(
    fc.property(steps, fc.integer({ min: 20_000, max: 60_000 }), (batches, capacity) => {
      const store = createLogStore(capacity, (traceId) => traceId === traceIds[0]);
      const naive = createNaiveStore();
      for (const batch of batches) {
        const lines = batch.lines.map((each) => ({ ...each, attributes: { padding: '茶'.repeat(100) } }));
        addTo(store, { ...batch, lines });
        if (!batch.breaks) naive.add(lines);
        expect(store.bytes()).toBeLessThanOrEqual(capacity);
      }
      const found = parsed(store.find({ limit: 1000 }).lines);
      expect(store.find({ limit: 1 }).kept).toBe(found.length);
      const byNumber = new Map(found.map((each) => [each.number, each]));
      for (const each of found) expect(each).toEqual(naive.lines[each.number - 1]);
      const missing = naive.lines.filter(({ number }) => !byNumber.has(number));
      const newestMissing = missing.findLast((each) => !isKept(each))?.number ?? 0;
      // Whatever is older than a line that was dropped is there only because it is worth keeping.
      for (const each of found) if (each.number < newestMissing) expect(isKept(each)).toBe(true);
    }),
  );
});
