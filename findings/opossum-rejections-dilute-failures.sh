#!/usr/bin/env bash
# opossum 10.0.0: calls rejected by an open circuit count as calls in its window, so that a circuit that has just closed hardly
# opens again.
#
# Surprise: `errorThresholdPercentage` reads as the share of requests that failed. The share is failures ÷ fires, and `fires`
# has every rejected call, none of which reached the dependency. Closing does not clear the window.
# Consequence: a dependency that answers the probe and fails again is called until failures outweigh the rejections in the
# window. With the default options and 20 calls a second, the circuit was seen to open after 92 failures in 4.7 s.
# What helps: ask `breaker.opened` before `fire`, or keep a window of one's own for calls that were made.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . opossum@10.0.0 > /dev/null
cat > probe.mjs <<'JS'
import { once } from 'node:events';
import CircuitBreaker from 'opossum';

// The timers of a breaker do not keep the process alive.
const alive = setInterval(() => {}, 1000);
for (const rejected of [0, 200]) {
  let broken = true;
  const breaker = new CircuitBreaker(
    async () => {
      if (broken) throw new Error('broken');
    },
    // A window that outlasts this run on any machine.
    { errorThresholdPercentage: 50, volumeThreshold: 5, resetTimeout: 500, rollingCountTimeout: 600_000, timeout: false },
  );
  const call = () => breaker.fire().catch(() => {});
  while (!breaker.opened) await call();
  const probing = once(breaker, 'halfOpen');
  for (let n = 0; n < rejected; n += 1) await call();
  await probing;
  broken = false;
  await call();
  console.log(`${rejected} calls are rejected; the probe succeeds, and the circuit is ${breaker.closed ? 'closed' : 'open'}`);
  broken = true;
  let failures = 0;
  while (!breaker.opened) {
    await call();
    failures += 1;
  }
  console.log(`  then every call fails, and failure ${failures} opens it`);
  breaker.shutdown();
}
clearInterval(alive);
JS
stated='0 calls are rejected; the probe succeeds, and the circuit is closed
  then every call fails, and failure 1 opens it
200 calls are rejected; the probe succeeds, and the circuit is closed
  then every call fails, and failure 197 opens it'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
