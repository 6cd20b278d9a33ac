#!/usr/bin/env bash
# prom-client 15.1.3: one scrape in OpenMetrics renames the counters for good, and later scrapes in the text format lack `_total`.
#
# Surprise: rendering is expected to change nothing. The format is a setting of the registry, so a service that answers in the
# format that its scraper asks for sets it per scrape; rendering OpenMetrics then cuts the suffix off the metric itself.
# Consequence: Prometheus, which asks for OpenMetrics, sees `orders_total`; a scraper of the text format sees `orders_total`
# until the first of those scrapes and `orders` from then on, and its rates, alerts and dashboards find nothing.
# What helps: render one format only, and translate it for who asks for the other.
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

const registry = new Registry();
new Counter({ name: 'orders_total', help: 'Orders.', registers: [registry] }).inc();
for (const [name, type] of [
  ['text', Registry.PROMETHEUS_CONTENT_TYPE],
  ['OpenMetrics', Registry.OPENMETRICS_CONTENT_TYPE],
  ['text', Registry.PROMETHEUS_CONTENT_TYPE],
]) {
  registry.setContentType(type);
  const sample = (await registry.metrics()).split('\n').find((line) => line.startsWith('orders'));
  console.log(`${name}: ${sample}`);
}
JS
stated='text: orders_total 1
OpenMetrics: orders_total 1
text: orders 1'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
