#!/usr/bin/env bash
# pg 8.23.1: a `numeric` column is read exactly, as a string, and a `numeric[]` column as JavaScript numbers, which round.
#
# Surprise: whoever knows that the client keeps `numeric` and `int8` as strings so that no digit is lost expects the same of
# their arrays. It holds for `int8[]` only. `array_agg` of a `numeric` column, a usual way to read children with their parent,
# has such an array as its result.
# Consequence: the same amount of money is exact as a column and rounded in an array, without an error.
# What helps: cast to `text[]`, set a parser for type 1231, or keep money as integers of the minor unit.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . pg@8.23.1 > /dev/null
cat > probe.mjs <<'JS'
import pg from 'pg';

// The text that a server sends, read by the parser that the client has for the type of the column.
for (const [name, type, text] of [
  ['numeric', 1700, '12345678901234567.89'],
  ['numeric[]', 1231, '{12345678901234567.89,0.10}'],
  ['int8', 20, '9007199254740993'],
  ['int8[]', 1016, '{9007199254740993}'],
])
  console.log(`${name}: ${text} is read as ${JSON.stringify(pg.types.getTypeParser(type, 'text')(text))}`);
JS
stated='numeric: 12345678901234567.89 is read as "12345678901234567.89"
numeric[]: {12345678901234567.89,0.10} is read as [12345678901234568,0.1]
int8: 9007199254740993 is read as "9007199254740993"
int8[]: {9007199254740993} is read as ["9007199254740993"]'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
