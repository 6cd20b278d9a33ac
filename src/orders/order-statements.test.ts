import { expect, test } from 'vitest';
import type { ListFilter } from './order-statements.ts';
import * as exported from './order-statements.ts';

const statements = Object.values(exported).map((each) =>
  typeof each === 'function' ? each(['status', 'before']) : each,
);

test.each(statements.map(({ name, text }) => [name, text]))(
  'the statement %s names its table with the schema, because search_path may lead elsewhere',
  (_name, text) => {
    expect(text).toMatch(/\bpublic\.orders\b/);
    expect(text).not.toMatch(/\b(?:FROM|JOIN|INTO|UPDATE)\s+orders\b/);
  },
);

const writes = statements.filter(({ summary }) => !summary.startsWith('SELECT'));

test.each(writes.map(({ name, text }) => [name, text]))(
  'the statement %s writes, and says itself that its commit waits for the disk',
  (_name, text) => {
    expect(text).toContain(`set_config('synchronous_commit'`);
  },
);

test.each(statements.map(({ name, text }) => [name, text]))(
  'the statement %s returns no float and no bare timestamp, whose text depends on settings',
  (_name, text) => {
    const [, returned = text] = /RETURNING([^]*)$/.exec(text) ?? /SELECT([^]*?)\bFROM/.exec(text) ?? [];
    expect(returned).not.toMatch(/float|double|real/);
    expect(returned).not.toMatch(
      /^\s*(?:\w+\.)?(?:created_at|updated_at|due_at)\b|,\s*(?:\w+\.)?(?:created_at|updated_at|due_at)\s*(?:,|$)/,
    );
  },
);

const filters: ListFilter[][] = [
  [],
  ['status'],
  ['customer_id'],
  ['before'],
  ['status', 'customer_id'],
  ['status', 'before'],
  ['customer_id', 'before'],
  ['status', 'customer_id', 'before'],
];

test('every combination of filters is a statement with a name of its own, because sessions keep statements by name', () => {
  const lists = filters.map((each) => exported.listOrders(each));
  for (const list of lists) expect(list).toMatchObject({ summary: 'SELECT orders', repeatable: true });
  expect(new Set(lists.map(({ name }) => name)).size).toBe(filters.length);
  expect(new Set(lists.map(({ text }) => text)).size).toBe(filters.length);
});

test.each(filters.map((each) => [each]))(
  'a list filtered by %j has a parameter for each value, and is sorted as one index is, newest first',
  (given) => {
    const { text } = exported.listOrders(given);
    const values = 2 + given.length + (given.includes('before') ? 1 : 0);
    expect(new Set(text.match(/\$\d+/g))).toEqual(
      new Set(Array.from({ length: values }, (_, index) => `$${index + 1}`)),
    );
    const [, sorted = ''] = /ORDER BY (.*) LIMIT \$2/.exec(text) ?? [];
    const leading = (['customer_id', 'status'] as const)
      .filter((column) => given.includes(column))
      .slice(0, 1);
    expect(sorted.split(', ')).toEqual(
      ['client_id', ...leading, 'created_at', 'id'].map((column) => `orders.${column} DESC`),
    );
    // Only a column that is compared with an array stays a part of the sort order.
    for (const column of ['client_id', ...leading])
      expect(text).toMatch(new RegExp(`\\b${column} = ANY\\(ARRAY`));
    expect(text.match(/= ANY\(ARRAY/g)).toHaveLength(1 + leading.length);
    expect(text.match(/ AND /g) ?? []).toHaveLength(given.length);
  },
);
