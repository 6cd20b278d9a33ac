import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { MigrationBuilder } from 'node-pg-migrate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrationLoaders } from './migration-loader.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'migrations-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The statements of a file of this text in each direction; `false` if there is no way in it. */
async function statementsOf(text: string) {
  const file = path.join(folder, '0009_orders.sql');
  await writeFile(file, text);
  const loader = migrationLoaders(async () => {}).find(({ extensions }) =>
    extensions.includes('.sql'),
  )?.loader;
  if (typeof loader !== 'function') throw new TypeError('there is no loader for .sql');
  const [loaded] = await loader([file]);
  const { up, down } = loaded?.actions ?? {};
  return { up: await sentBy(up), down: await sentBy(down) };
}

async function sentBy(
  action: ((migration: MigrationBuilder, run?: () => void) => unknown) | false | undefined,
) {
  if (typeof action !== 'function') return false;
  const notSent = () => {
    throw new Error('describing a migration sends nothing');
  };
  const builder = new MigrationBuilder({ query: notSent, select: notSent }, undefined, false, console);
  await action(builder, () => {});
  return builder.getSqlSteps().flatMap((sql) => sql.match(/SELECT \d/g) ?? []);
}

test.each([
  ['-- Up Migration\nSELECT 1;\n\n-- Down Migration\nSELECT 2;\n', { up: ['SELECT 1'], down: ['SELECT 2'] }],
  [
    '-- down migration --\nSELECT 2;\n---- UP  MIGRATION\r\nSELECT 1;',
    { up: ['SELECT 1'], down: ['SELECT 2'] },
  ],
  ['SELECT 1;\n-- Down Migration\nSELECT 2;', { up: ['SELECT 1'], down: ['SELECT 2'] }],
  ['SELECT 1;', { up: ['SELECT 1'], down: false }],
  ['-- The way down: a migration of its own.\nSELECT 1;', { up: ['SELECT 1'], down: false }],
])('a file is split at its markers: %j', async (text, statements) => {
  expect(await statementsOf(text)).toEqual(statements);
});

// node-pg-migrate would leave out the second statement, and record the migration as done.
test.each([
  ['-- Down migration drops the table.', '“-- Down migration drops the table.” reads as a marker'],
  ['-- up migration of prices follows', '“-- up migration of prices follows” reads as a marker'],
  ['-- Up Migration', 'has a second “-- Up Migration”'],
])('the comment %j between statements is refused', async (comment, complaint) => {
  const text = `-- Up Migration\nSELECT 1;\n${comment}\nSELECT 2;\n-- Down Migration\nSELECT 3;\n`;
  await expect(statementsOf(text)).rejects.toThrow(complaint);
});
