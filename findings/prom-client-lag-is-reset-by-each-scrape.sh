#!/usr/bin/env bash
# prom-client 15.1.3: each scrape resets `nodejs_eventloop_lag_max_seconds` and its siblings, so that a second scraper sees none
# of what the first has seen, and a scrape soon after another says that the shortest delay was 292 years.
#
# Surprise: a scrape is expected to read. Two Prometheus servers that scrape one target are a usual setup, and the help text
# says nothing of an interval; the default metrics collect into one histogram, which `collect` clears.
# Consequence: a block of the event loop shows on one of two replicas of Prometheus, at random; a developer's `curl`, a health
# check that reads /metrics or a second dashboard takes it from the alert. `min` is then 2^63 ns, and `mean` is NaN.
# What helps: a single scraper, or a histogram of one's own that a clock rotates instead of a reader.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . prom-client@15.1.3 > /dev/null
cat > probe.mjs <<'JS'
import { setTimeout as wait } from 'node:timers/promises';
import { collectDefaultMetrics, Registry } from 'prom-client';

const registry = new Registry();
collectDefaultMetrics({ register: registry });
async function scrape() {
  const text = await registry.metrics();
  return (name) => Number(text.match(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (.*)$`, 'm'))[1]);
}
await wait(200);
const end = performance.now() + 2000;
while (performance.now() < end);
await wait(200);
const [first, second] = [await scrape(), await scrape()];
console.log(`max for the first scraper after a block of 2 s: ${first('max') > 1.5 ? 'above 1.5 s' : first('max')}`);
console.log(`max for the second: ${second('max') < 0.5 ? 'below 0.5 s' : second('max')}`);
// The histogram may take a sample between two scrapes, so there are several tries.
let min = 0;
for (let tries = 0; tries < 1000 && min < 1; tries += 1) min = (await scrape())('min');
console.log(`min between two scrapes without a sample: ${min} s`);
process.exit();
JS
stated='max for the first scraper after a block of 2 s: above 1.5 s
max for the second: below 0.5 s
min between two scrapes without a sample: 9223372036.854776 s'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
