#!/usr/bin/env bash
# prom-client 15.1.3: with `enableExemplars`, a counter's `labels(…).inc(5)` adds 1 to a series without labels.
#
# Surprise: exemplars are an addition to a counter, and its children are expected to count as before. The README says that
# `inc` takes an object then; what `labels(…)` returns passes it the labels in that object's place, and nothing throws.
# Consequence: whoever turns exemplars on loses every label and every amount of the counters that are used by their children,
# without an error: the sum by label becomes one series, and bytes or money become a number of calls.
# What helps: `inc({ labels, value, exemplarLabels })` at every call, and never `labels(…)`.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . prom-client@15.1.3 > /dev/null
cat > probe.mjs <<'JS'
import { Counter, Registry } from 'prom-client';

for (const enableExemplars of [false, true]) {
  const registry = new Registry(Registry.OPENMETRICS_CONTENT_TYPE);
  const counter = new Counter({
    name: 'sent_bytes_total',
    help: 'Bytes sent.',
    labelNames: ['method'],
    enableExemplars,
    registers: [registry],
  });
  counter.labels('GET').inc(5);
  counter.labels('POST').inc(700);
  const samples = (await registry.metrics()).split('\n').filter((line) => line.startsWith('sent_'));
  console.log(`exemplars ${enableExemplars ? 'on' : 'off'}: ${samples.join(', ')}`);
}
JS
stated='exemplars off: sent_bytes_total{method="GET"} 5, sent_bytes_total{method="POST"} 700
exemplars on: sent_bytes_total 2'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
