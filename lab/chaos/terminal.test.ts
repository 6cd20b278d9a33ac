import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';
import { createDisplay } from './terminal.ts';

test.each([
  ['80 columns', 80, 'p99'],
  ['40 columns', 40, 'steady state'],
  ['120 columns', 120, 'breaker'],
  ['an unknown size', 0, 'breaker'],
])('the row of an experiment is updated in place in a terminal of %s', async (_name, columns, last) => {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns });
  const display = createDisplay(stream as unknown as NodeJS.WriteStream);
  for (const experiment of catalogue) {
    display.began(experiment);
    const sampling = { samples: [{ at: 0, circuit: 'half_open' as const }] };
    display.progress({ phase: 'steady state', seconds: 12, replies: [], sampling });
  }
  stream.end();
  const rows = stripVTControlCharacters(await text(stream)).split(/[\r\n]/);
  expect(rows).toHaveLength(catalogue.length + 2);
  for (const row of rows) expect(row.length).toBeLessThan(columns || 100);
  expect(rows.join('\n')).toContain(last);
});
