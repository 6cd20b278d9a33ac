#!/usr/bin/env bash
# node-pg-migrate 9.0.0: a .sql file without `-- Up Migration` runs its `-- Down Migration` as part of `up`, and a comment that
# begins with “down migration” ends `up`. In both cases the migration is recorded as done.
#
# Surprise: what stands above `-- Down Migration` is expected to be the way up, with or without a marker of its own; without one,
# `up` is the whole file. And a marker is expected to stand alone on its line: any sentence that begins with these words is one.
# Consequence: a migration creates a table and drops it again, or leaves out its second half, in every environment and without an
# error. The first sign is a query that finds no table or column.
# What helps: both markers in each file, comments that begin with other words, and a look at the schema afterwards.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20.11 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . node-pg-migrate@9.0.0 pg@8.23.1 > /dev/null
mkdir one two
cat > one/1700000000000_orders.sql <<'SQL'
CREATE TABLE orders (id int);
-- Down Migration
DROP TABLE orders;
SQL
cat > two/1700000000000_orders.sql <<'SQL'
-- Up Migration
CREATE TABLE orders (id int);
-- Down migration drops the table, so what follows needs no way back.
ALTER TABLE orders ADD COLUMN total int;
-- Down Migration
DROP TABLE orders;
SQL
cat > probe.mjs <<'JS'
import { runner } from 'node-pg-migrate';

const quiet = { debug() {}, info() {}, warn() {}, error: console.error };
for (const [dir, what] of [
  ['one', 'no marker for up'],
  ['two', 'a sentence about the way down'],
]) {
  // Stands in for a connection: answers that nothing has been migrated, and keeps what the runner sends.
  const sent = [];
  const dbClient = { query: async (sql) => (sent.push(sql), { rows: [] }) };
  await runner({ dbClient, dir, direction: 'up', migrationsTable: 'done', noLock: true, logger: quiet });
  const statements = sent.join('\n').match(/(CREATE|ALTER|DROP) TABLE orders|INSERT INTO "public"."done"/g);
  console.log(`${what}: up sends ${statements.join(', ')}`);
}
JS
stated='no marker for up: up sends CREATE TABLE orders, DROP TABLE orders, INSERT INTO "public"."done"
a sentence about the way down: up sends CREATE TABLE orders, INSERT INTO "public"."done"'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
