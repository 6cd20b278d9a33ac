#!/usr/bin/env bash
# opossum 10.0.0: calls beyond `capacity` count as failures of the dependency, so that a burst opens the circuit to a dependency
# that answers every call.
#
# Surprise: the reference says of `capacity` that further calls are rejected until a current one completes. That they count
# towards `errorThresholdPercentage` stands nowhere, and calls rejected by an open circuit do not count as failures.
# Consequence: a short burst, which the bulkhead is there to absorb, becomes an outage of `resetTimeout` (30 s by default).
# What helps: bound the calls outside of the breaker. An `errorFilter` for ESEMLOCKED does not: what it lets pass counts as a
# success, and closes a circuit that is half-open.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . opossum@10.0.0 > /dev/null
cat > probe.mjs <<'JS'
import CircuitBreaker from 'opossum';

let failed = 0;
let release;
const answer = new Promise((resolve) => (release = resolve));
const breaker = new CircuitBreaker(() => answer.catch(() => (failed += 1)), {
  capacity: 5,
  errorThresholdPercentage: 50,
  timeout: false,
});
const codeOf = (call) => call.then(() => 'answered', ({ code }) => code);
const burst = Array.from({ length: 11 }, () => codeOf(breaker.fire()));
release();
const counts = {};
for (const code of await Promise.all(burst)) counts[code] = (counts[code] ?? 0) + 1;
console.log('a burst of 11 calls:', JSON.stringify(counts));
console.log('calls that the dependency failed:', failed);
console.log('the next call, with every place free:', await codeOf(breaker.fire()));
breaker.shutdown();
JS
stated='a burst of 11 calls: {"answered":5,"ESEMLOCKED":6}
calls that the dependency failed: 0
the next call, with every place free: EOPENBREAKER'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
