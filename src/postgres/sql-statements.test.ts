import { describe, expect, test } from 'vitest';
import { indexBuiltBy, isOnline, statementsOf } from './sql-statements.ts';

describe('statementsOf', () => {
  test.each([
    ['two statements', 'SELECT 1; SELECT 2;', ['SELECT 1', 'SELECT 2']],
    ['a last statement without a semicolon', 'SELECT 1;\nSELECT 2\n', ['SELECT 1', 'SELECT 2']],
    ['nothing but a comment', '-- Up Migration\n/* ; */ ;', []],
    ['a comment with a semicolon', 'SELECT 1 -- one; two\n, 2; SELECT 3', ['SELECT 1  \n, 2', 'SELECT 3']],
    ['a text with a semicolon and a quote', "SELECT 'a;''b;'; SELECT 2", ["SELECT 'a;''b;'", 'SELECT 2']],
    ['an escaped text', String.raw`SELECT E'a\';b'; SELECT 2`, [String.raw`SELECT E'a\';b'`, 'SELECT 2']],
    ['a quoted name', 'SELECT ";""--"; SELECT 2', ['SELECT ";""--"', 'SELECT 2']],
    ['a text that looks like a comment', "SELECT '--'; SELECT 2", ["SELECT '--'", 'SELECT 2']],
    ['a body', 'DO $$ BEGIN; END $$; SELECT 2', ['DO $$ BEGIN; END $$', 'SELECT 2']],
    ['a body with a tag', 'DO $a$ $$;$$ ; $a$; SELECT 2', ['DO $a$ $$;$$ ; $a$', 'SELECT 2']],
  ])('statementsOf splits SQL with %s', (_what, sql, statements) => {
    expect(statementsOf(sql)).toEqual(statements);
  });
});

test.each([
  'CREATE INDEX CONCURRENTLY i ON t (c)',
  'create unique index\nconcurrently if not exists i on t (c)',
  'DROP INDEX CONCURRENTLY i',
  'REINDEX INDEX CONCURRENTLY i',
  'REINDEX (VERBOSE) TABLE CONCURRENTLY t',
  'ALTER TABLE t DETACH PARTITION p CONCURRENTLY',
])('isOnline recognizes %s', (statement) => {
  expect(isOnline(statement)).toBe(true);
});

test.each([
  'CREATE INDEX i ON t (c)',
  'CREATE INDEX concurrently_built ON t (c)',
  "COMMENT ON TABLE t IS 'CREATE INDEX CONCURRENTLY'",
  'REFRESH MATERIALIZED VIEW CONCURRENTLY v',
])('isOnline leaves %s to a transaction', (statement) => {
  expect(isOnline(statement)).toBe(false);
});

test.each([
  ['CREATE INDEX CONCURRENTLY i ON t (c)', { index: 'i', table: 't' }],
  [
    'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "I i" ON s."T" USING btree (c)',
    { index: '"I i"', table: 's."T"' },
  ],
  ['create index concurrently i on only t (c)', { index: 'i', table: 't' }],
  // Postgres chooses the name.
  ['CREATE INDEX CONCURRENTLY ON t (c)', undefined],
  ['DROP INDEX CONCURRENTLY i', undefined],
])('indexBuiltBy finds the index of %s', (statement, index) => {
  expect(indexBuiltBy(statement)).toEqual(index);
});
