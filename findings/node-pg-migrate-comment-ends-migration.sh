#!/usr/bin/env bash
# node-pg-migrate 9.0.0: a comment in a .sql file that begins with “down migration” ends the part that is applied. The statements
# below it never run, and the migration is recorded as done.
#
# Surprise: `-- Down Migration` is expected to be a marker that stands alone on its line. Any comment that begins with these
# words is one, in any case and whatever follows; the first counts, so the real marker below goes with the rest.
# Consequence: a sentence about the way back, in the middle of a file, leaves the schema half migrated in every environment
# without an error, and `down` runs the rest of `up` before its own statements.
# What helps: a look at the schema after each migration, and comments that begin with another word.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20.11 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . node-pg-migrate@9.0.0 pg@8.23.1 > /dev/null
mkdir migrations
cat > migrations/1700000000000_orders.sql <<'SQL'
-- Up Migration
CREATE TABLE orders (id int);
-- Down migration drops the table, so what follows needs no way back.
ALTER TABLE orders ADD COLUMN total int;

-- Down Migration
DROP TABLE orders;
SQL
cat > probe.mjs <<'JS'
import { runner } from 'node-pg-migrate';

// Stands in for a connection: answers that nothing has been migrated, and keeps what the runner sends.
const sent = [];
const dbClient = { query: async (sql) => (sent.push(sql), { rows: [] }) };
const quiet = { debug() {}, info() {}, warn() {}, error: console.error };
await runner({ dbClient, dir: 'migrations', direction: 'up', migrationsTable: 'done', noLock: true, logger: quiet });
const ran = (what) => (sent.some((sql) => what.test(sql)) ? 'sent' : 'never sent');
console.log(`CREATE TABLE: ${ran(/CREATE TABLE orders/)}`);
console.log(`ALTER TABLE: ${ran(/ALTER TABLE orders/)}`);
console.log(`the record that the migration is done: ${ran(/INSERT INTO .*1700000000000_orders/)}`);
JS
stated='CREATE TABLE: sent
ALTER TABLE: never sent
the record that the migration is done: sent'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
