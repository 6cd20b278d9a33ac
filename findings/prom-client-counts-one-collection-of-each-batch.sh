#!/usr/bin/env bash
# prom-client 15.1.3: `nodejs_gc_duration_seconds` counts one garbage collection of each batch that Node reports, and drops the
# others with their time.
#
# Surprise: a histogram of collections is expected to count collections. The default metric observes the first entry of the list
# that a PerformanceObserver gets, and Node gathers in that list all that happened in one turn of the event loop.
# Consequence: the busier the loop, the more is missing. A turn that allocates much runs dozens of minor collections and is
# recorded as one of them, so that time in garbage collection looks small just when it is what makes the service slow.
# What helps: an observer of one's own that records every entry of `list.getEntries()`.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . prom-client@15.1.3 > /dev/null
cat > probe.mjs <<'JS'
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';

const registry = new Registry();
collectDefaultMetrics({ register: registry });
const isMajor = (entry) => entry.detail.kind === 4;
let reported = 0;
new PerformanceObserver((list) => {
  reported += list.getEntries().filter(isMajor).length;
}).observe({ entryTypes: ['gc'] });
const counted = async () => {
  const text = await registry.metrics();
  return Number(/^nodejs_gc_duration_seconds_count\{kind="major"\} (.*)$/m.exec(text)?.[1] ?? 0);
};
await wait(200);
const [before, reportedBefore] = [await counted(), reported];
for (let times = 0; times < 5; times += 1) globalThis.gc();
await wait(500);
console.log(`major collections that Node reported: ${reported - reportedBefore}`);
console.log(`major collections that were counted: ${(await counted()) - before}`);
process.exit();
JS
stated='major collections that Node reported: 5
major collections that were counted: 1'
seen=$(node --expose-gc probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
