#!/usr/bin/env bash
# ajv-formats 3.0.1: `format: int64` takes integers that no 64 bits hold, although `int32` beside it keeps its bounds.
#
# Surprise: the format is described as a signed 64-bit integer. What is checked is whether the number is an integer, and every
# number beyond 2^53 is one in JavaScript.
# Consequence: a schema that promises int64, as generated from OpenAPI, lets 1e300 through to a bigint column or to a client in
# another language, where it is an error: the answer is a 500 instead of a 400.
# What helps: `minimum` and `maximum` beside the format.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . ajv@8.20.0 ajv-formats@3.0.1 > /dev/null
cat > probe.mjs <<'JS'
import { Ajv } from 'ajv';
import formats from 'ajv-formats';

const ajv = formats.default(new Ajv());
for (const [format, text] of [
  ['int32', '2147483647'],
  ['int32', '2147483648'],
  ['int64', '9223372036854774784'],
  ['int64', '9223372036854775808'],
  ['int64', '1e300'],
]) {
  const valid = ajv.validate({ type: 'integer', format }, JSON.parse(text));
  console.log(`${format}: ${text} is ${valid ? 'valid' : 'invalid'}`);
}
JS
stated='int32: 2147483647 is valid
int32: 2147483648 is invalid
int64: 9223372036854774784 is valid
int64: 9223372036854775808 is valid
int64: 1e300 is valid'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
