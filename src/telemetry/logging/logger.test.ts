import { describe, expect, test } from 'vitest';
import { Secret } from '../../config/environment.ts';
import { createLogger, type Logger } from './logger.ts';
import { runInRequest } from '../request-log.ts';

/** A logger, its lines, and the levels that it counted. */
function collectingLogger(level = 'trace') {
  let text = '';
  const counted: string[] = [];
  const logger = createLogger({
    service: 'orders',
    level,
    destination: { write: (line) => (text += line) },
    onMessage: (counts) => counted.push(counts),
  });
  const lines = () =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { logger, counted, lines, text: () => text };
}

const card = '4111111111111111';
const levelsOfLines = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

test('a logger writes the fields that the dashboards read', () => {
  const { logger, lines } = collectingLogger();
  logger.info({ event: 'order.placed', order_id: '1' }, 'order placed');

  expect(lines()).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'orders',
      version: expect.any(String),
      event: 'order.placed',
      order_id: '1',
      msg: 'order placed',
    },
  ]);
});

test('a logger adds the ids of the request and of its trace to each line', () => {
  const { logger, lines } = collectingLogger();
  const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  runInRequest({ requestLog: { request_id: 'req-1' }, trace }, () => logger.info('inside'));
  runInRequest({ requestLog: { request_id: 'req-2' }, trace: undefined }, () =>
    logger.info('without a trace'),
  );

  const [traced, untraced] = lines();
  expect(traced).toMatchObject({ request_id: 'req-1', trace_id: trace.traceId, span_id: trace.spanId });
  expect(untraced).toMatchObject({ request_id: 'req-2' });
  expect(untraced).not.toHaveProperty('trace_id');
});

test('a logger counts the lines that it writes, by level, and no others', () => {
  const { logger, counted } = collectingLogger('warn');
  for (const level of levelsOfLines) logger[level]({ order_id: '1' }, 'hello');
  expect(counted).toEqual(['warn', 'error', 'fatal']);
});

describe('redaction', () => {
  test('redaction removes secret fields by name at any depth and every level', () => {
    const { logger, text } = collectingLogger();
    for (const level of levelsOfLines) {
      logger[level](
        { paymentToken: 'tok_secret', authorization: 'Bearer tok_secret', email: 'tok_secret' },
        'flat',
      );
      logger[level]({ order: { payment: [{ paymentToken: 'tok_secret' }] } }, 'nested');
      logger[level]({ headers: { 'x-custom': 'tok_secret' }, body: '{"card":"tok_secret"}' }, 'whole');
      logger[level]({ key: new Secret('tok_secret') }, 'secret');
    }
    expect(text()).toContain('[redacted]');
    expect(text()).not.toContain('tok_secret');
  });

  test('redaction leaves other fields unchanged', () => {
    const { logger, lines } = collectingLogger();
    const fields = { count: 3, tags: ['a', 'b'], pool: { idle: 1, waiting: null }, none: null, yes: true };
    logger.warn({ ...fields, at: new Date(0), missing: undefined }, 'fields');
    expect(lines()[0]).toMatchObject({ ...fields, at: '1970-01-01T00:00:00.000Z' });
    expect(lines()[0]).not.toHaveProperty('missing');
  });

  test('redaction describes errors in any field', () => {
    const { logger, lines, text } = collectingLogger();
    const error = Object.assign(new Error('failed'), { detail: `Key (card)=(${card})` });
    logger.info({ err: error, reason: error, nested: { error } }, 'errors');
    expect(lines()[0]).toMatchObject({
      err: { type: 'Error', message: 'failed', stack: expect.any(String) },
      reason: { message: 'failed' },
      nested: { error: { message: 'failed' } },
    });
    expect(text()).not.toContain(card);
  });

  const waysToLeak: Array<[string, (log: Logger['warn']) => void]> = [
    ['a field', (log) => log({ reason: `card ${card}` }, 'refused')],
    ['the message', (log) => log({ attempt: 1 }, `refused ${card}`)],
    ['a message alone', (log) => log(`refused ${card}`)],
    ['an argument of the message', (log) => log('refused %s', card)],
    ['an argument after fields', (log) => log({ attempt: 1 }, 'refused %s', card)],
    ['an error alone', (log) => log(new Error(`refused ${card}`))],
    ['an error without a message of the line', (log) => log({ err: new Error(`refused ${card}`) })],
    ['a cause', (log) => log({ err: new Error('refused', { cause: new Error(card) }) }, 'failed')],
    ['a thrown string', (log) => log({ err: `refused ${card}` }, 'failed')],
  ];

  test.each(waysToLeak)('redaction scrubs a card number in %s of a line at warn or error', (_where, leak) => {
    const { logger, lines, text } = collectingLogger();
    leak(logger.warn.bind(logger));
    leak(logger.error.bind(logger));
    expect(lines()).toHaveLength(2);
    expect(text()).toContain('[card number]');
    expect(text()).not.toContain(card);
  });

  test('redaction scrubs a card number in an error at every level', () => {
    const { logger, text } = collectingLogger();
    for (const level of levelsOfLines) {
      logger[level](new Error(card));
      logger[level]({ err: new Error(card) });
      logger[level]({ err: new Error(card) }, 'failed');
    }
    expect(text()).not.toContain(card);
  });
});

test('a warning is masked in lists, objects and numbers, too', () => {
  const { logger, lines, text } = collectingLogger();
  const id = '01a21df6-7f64-73af-a123-4567890123cc';
  logger.warn(
    { order_id: id, list: [card, Number(card)], deep: { note: [`paid with ${card}`] } },
    'careless',
  );
  logger.warn({ number: Number(card), large: BigInt(card), at: 1_764_293_518_000 }, 'as numbers');

  expect(text()).not.toContain('4111');
  const [first, second] = lines();
  expect(first).toMatchObject({
    order_id: id,
    list: ['[card number]', '[card number]'],
    deep: { note: ['paid with [card number]'] },
  });
  expect(second).toMatchObject({ number: '[card number]', large: '[card number]', at: 1_764_293_518_000 });
});
