#!/usr/bin/env bash
# Fastify 5.12.8: `request.signal` of a request with a body is aborted once the body has been read, while its client waits.
#
# Surprise: the reference says that the signal aborts when the client disconnects or the handler times out. It does so for a
# request without a body. With a body it aborts in every request, and the answer is still sent.
# Consequence: a handler that passes the signal on, as the reference advises, has its query or its call cancelled.
# What helps: a signal of one's own, aborted when the response closes before it is finished.
set -euo pipefail
for program in node npm; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . fastify@5.12.8 > /dev/null
cat > probe.mjs <<'JS'
import Fastify from 'fastify';

const app = Fastify();
app.route({
  method: ['GET', 'POST'],
  url: '/',
  async handler(request) {
    const { signal } = request;
    // The client neither leaves nor gives up.
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
      setTimeout(resolve, 1000);
    });
    return signal.aborted;
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
const url = `http://127.0.0.1:${app.server.address().port}/`;
const json = { 'content-type': 'application/json' };
for (const [name, options] of [
  ['GET', {}],
  ['POST without a body', { method: 'POST' }],
  ['POST with a body', { method: 'POST', headers: json, body: '{}' }],
]) {
  const answer = await fetch(url, options);
  console.log(`${name}: answered ${answer.status}, aborted: ${await answer.text()}`);
}
await app.close();
JS
stated='GET: answered 200, aborted: false
POST without a body: answered 200, aborted: false
POST with a body: answered 200, aborted: true'
seen=$(node probe.mjs)
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
