import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createCounts } from './counts.ts';
import { createTerminal, picture } from './terminal.ts';

const lag = { bytes: 2_500_000, seconds: 12.4, batchesInFlight: 8, isWaiting: true };

test('the table has the services with the most errors first, and how far the way is', () => {
  const counts = createCounts(100);
  counts.of('orders').lines.set([0, 0, 0, 5, 0, 1, 1]);
  counts.of('payments').lines.set([0, 0, 0, 1, 0, 3, 0]);
  for (let number = 0; number < 20; number += 1) counts.of(`s${number}`).lines[3] = 1;
  const rows = picture(counts, lag, 0.5, 1234.5);
  expect(rows.slice(0, 3).map((row) => row.split(/ +/))).toEqual([
    ['service', 'lines', 'errors'],
    ['payments', '4', '3'],
    ['orders', '7', '2'],
  ]);
  expect(rows.slice(-3)).toEqual([
    'and 10 more',
    '1235 lines/s · 8 batches in flight · 2.5 MB behind, 12 s · waiting for a receiver',
    `[${'#'.repeat(15)}${'.'.repeat(15)}] 50 %`,
  ]);
});

test('names of double width, with marks or of emoji keep the columns, and a row has room in the terminal', async () => {
  const counts = createCounts(100);
  for (const name of ['注文サービス'.repeat(6), 'e\u0301te\u0301', '🚀'.repeat(20), 'orders'])
    counts.of(name).lines[3] = 1;
  const stream = Object.assign(new PassThrough(), { isTTY: true, rows: 24, columns: 56 });
  createTerminal(
    counts,
    () => lag,
    () => undefined,
    stream as unknown as NodeJS.WriteStream,
  ).close(true);
  stream.end();
  const rows = (await text(stream)).split('\n').slice(0, 5);
  const columns = (row: string) =>
    row.replaceAll(/[注文サービス🚀]/gu, '##').replaceAll(/\p{M}/gu, '').length;
  expect(rows.map(columns)).toEqual([54, 54, 54, 54, 54]);
});

test('a terminal does not obey the name of a service', () => {
  const counts = createCounts(100);
  counts.of('\u001b[2Jevil\r').lines[3] = 1;
  expect(picture(counts, lag, undefined, 0)[1]).toMatch(/^�\[2Jevil� /);
});

test.each([
  ['a terminal of 50 columns', { isTTY: true, rows: 24, columns: 50 }, 49],
  ['a terminal that does not know its size', { isTTY: true, rows: 0, columns: 0 }, 54],
  ['a file, if the counts are all that is wanted,', { isTTY: false }, 54],
])('%s keeps the table below which the last sentence is', async (_name, kind, width) => {
  const counts = createCounts(1);
  counts.of('orders').lines[3] = 5;
  const stream = Object.assign(new PassThrough(), kind);
  const terminal = createTerminal(
    counts,
    () => lag,
    () => 1,
    stream as unknown as NodeJS.WriteStream,
  );
  terminal.close(true);
  terminal.say('Read 5 lines.');
  stream.end();
  const shown = await text(stream);
  expect(shown).not.toContain('\u001b');
  const rows = shown.split('\n');
  expect(rows.map((row) => row.slice(0, 6))).toEqual([
    'servic',
    'orders',
    expect.any(String),
    '[#####',
    'Read 5',
    '',
  ]);
  expect(rows[0]).toHaveLength(width);
});

test('a terminal does not obey what a receiver or a file name says', () => {
  const stream = new PassThrough();
  const terminal = createTerminal(
    createCounts(1),
    () => lag,
    () => undefined,
    stream as unknown as NodeJS.WriteStream,
  );
  terminal.say('app\u001b[2J.log: \u0007gone.');
  expect(String(stream.read())).toBe('app�[2J.log: �gone.\n');
});
