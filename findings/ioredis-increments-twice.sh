#!/usr/bin/env bash
# ioredis 6.0.0: one call of `incr` increments twice if the connection is lost before its reply arrives, and says nothing of it.
#
# Surprise: a command that may or may not have taken effect is expected to fail, so that its caller decides. By default the
# client sends such commands again. The README says so of unfulfilled commands, most likely blocking ones; it does not say that
# INCR, LPUSH, XADD and scripts are repeated as well, although they may have been carried out.
# Consequence: counters, quotas and stocks count double and jobs are queued twice where a server fails over or a proxy restarts, and nothing shows it.
# What helps: `autoResendUnfulfilledCommands: false` with `maxRetriesPerRequest: 0`, and a decision per command.
set -euo pipefail
for program in node npm redis-server; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later; Debian's redis-server)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'kill "${server:-}" 2> /dev/null || true; wait; rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . ioredis@6.0.0 > /dev/null
redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --dir "$work" > redis.log &
server=$!
for _ in $(seq 100); do [ -S redis.sock ] && break; sleep 0.1; done
cat > probe.mjs <<'JS'
import { once } from 'node:events';
import net from 'node:net';
import { Redis } from 'ioredis';

const path = `${process.cwd()}/redis.sock`;

/** Passes everything on, but loses the connection instead of passing on the first reply to INCR. */
let lost = false;
const proxy = net.createServer((client) => {
  const server = net.connect(path);
  let asked = false;
  client.on('data', (bytes) => {
    asked ||= /incr/i.test(bytes);
    server.write(bytes);
  });
  server.on('data', (bytes) => {
    if (!asked || lost) return void client.write(bytes);
    lost = true;
    client.destroy();
  });
  for (const [one, other] of [[client, server], [server, client]]) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
});
proxy.listen(0, '127.0.0.1');
await once(proxy, 'listening');
const direct = new Redis({ path });
for (const [name, options] of [
  ['by default', {}],
  ['with both settings', { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }],
]) {
  await direct.del('stock');
  lost = false;
  const redis = new Redis({ host: '127.0.0.1', port: proxy.address().port, ...options });
  redis.on('error', () => {});
  await once(redis, 'ready');
  const outcome = await redis.incr('stock').then((value) => `returned ${value}`, ({ name }) => `failed: ${name}`);
  redis.disconnect();
  console.log(`${name}: one incr ${outcome}; the key is ${await direct.get('stock')}`);
}
direct.disconnect();
proxy.close();
JS
stated='by default: one incr returned 2; the key is 2
with both settings: one incr failed: MaxRetriesPerRequestError; the key is 1'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
