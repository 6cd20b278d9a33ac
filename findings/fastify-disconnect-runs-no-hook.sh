#!/usr/bin/env bash
# Fastify 5.12.8: if the client of a request with a body disconnects before the answer, neither `onResponse` nor
# `onRequestAbort` runs.
#
# Surprise: one of the two is expected to run at the end of every request. The reference calls `onResponse` the place for
# statistics, and describes `onRequestAbort` for a client that closes its connection before the request has been processed
# (it warns that the detection is not reliable, but not that a body rules it out). Without a body, only the second runs.
# Consequence: metrics and log lines written in `onResponse` lack the requests that clients gave up on, which are the slow ones:
# a service that times out for everybody looks idle.
# What helps: count on the `close` event of the raw response, which comes once for each request.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . fastify@5.12.8 > /dev/null
cat > probe.mjs <<'JS'
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import Fastify from 'fastify';

let ran = [];
let entered;
const app = Fastify();
app.addHook('onResponse', async (_request, _reply) => void ran.push('onResponse'));
app.addHook('onRequestAbort', async (_request) => void ran.push('onRequestAbort'));
app.route({
  method: ['GET', 'POST'],
  url: '/:patience',
  async handler({ params }, reply) {
    reply.raw.once('close', () => ran.push('close'));
    entered();
    if (params.patience === 'none') await once(reply.raw, 'close');
    return {};
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
const { port } = app.server.address();
const json = { 'content-type': 'application/json' };
for (const [name, path, method, body] of [
  ['POST with a body, answered', '/some', 'POST', '{}'],
  ['POST with a body, client disconnects', '/none', 'POST', '{}'],
  ['GET, client disconnects', '/none', 'GET', undefined],
]) {
  ran = [];
  const inHandler = new Promise((resolve) => (entered = resolve));
  const call = request({ port, host: '127.0.0.1', path, method, headers: body ? json : {} });
  call.on('error', () => {});
  call.on('response', (response) => response.resume());
  call.end(body);
  await inHandler;
  if (path === '/none') call.destroy();
  await wait(1000);
  console.log(`${name}: ${ran.sort().join(', ')}`);
}
await app.close();
JS
stated='POST with a body, answered: close, onResponse
POST with a body, client disconnects: close
GET, client disconnects: close, onRequestAbort'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
