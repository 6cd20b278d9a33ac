import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, isIPv6 } from 'node:net';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';

/** The health check of the image, run as Docker runs it. */

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

async function urlOf(listener: RequestListener, host = '127.0.0.1'): Promise<string> {
  server = createServer(listener).listen(0, host);
  await once(server, 'listening');
  return `http://${isIPv6(host) ? `[${host}]` : host}:${(server.address() as AddressInfo).port}/readyz`;
}

async function check(url: string): Promise<{ code: unknown; stderr: string }> {
  try {
    const { stderr } = await promisify(execFile)('bash', ['src/healthcheck.sh', url]);
    return { code: 0, stderr };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stderr' in error)) throw error;
    return { code: error.code, stderr: String(error.stderr) };
  }
}

test.each(['127.0.0.1', '::1'])(
  'the health check passes when the answer of %s is 200, and asks under the name in the URL',
  async (host) => {
    const asked: Array<string | undefined> = [];
    const url = await urlOf(({ method, url: path, headers }, response) => {
      asked.push(`${method} ${path} ${headers.host}`);
      response.end('{"status":"ready"}');
    }, host);
    expect(await check(url)).toEqual({ code: 0, stderr: '' });
    // Listeners refuse other names.
    expect(asked).toEqual([`GET /readyz ${new URL(url).host}`]);
  },
);

test('the health check fails with the status and the body of any other answer', async () => {
  const url = await urlOf((_request, response) => response.writeHead(503).end('postgres is unreachable'));
  const { code, stderr } = await check(url);
  expect(code).toBe(1);
  expect(stderr).toMatch(`${url}: 503 `);
  expect(stderr).toMatch('postgres is unreachable');
});

test('the health check fails when nothing listens', async () => {
  const url = await urlOf(() => {});
  server?.close();
  expect(await check(url)).toEqual({ code: 1, stderr: `${url}: no connection\n` });
});

test('the health check fails when the answer does not come', async () => {
  const url = await urlOf(() => {});
  expect(await check(url)).toEqual({ code: 1, stderr: `${url}: no answer within 3 s\n` });
});

test.each<'destroy' | 'resetAndDestroy'>(['destroy', 'resetAndDestroy'])(
  'the health check says at once that the connection was closed without an answer (%s)',
  async (close) => {
    const url = await urlOf(({ socket }) => socket[close]());
    expect(await check(url)).toEqual({
      code: 1,
      stderr: `${url}: the connection was closed without an answer\n`,
    });
  },
);

test.each(['-ERR unknown command\r\n', 'ready 200 OK\n'])(
  'the health check says that a port speaks another protocol (%j)',
  async (line) => {
    const redis = createTcpServer((socket) => socket.end(line)).listen(0, '127.0.0.1');
    await once(redis, 'listening');
    try {
      const url = `http://127.0.0.1:${(redis.address() as AddressInfo).port}/readyz`;
      expect(await check(url)).toEqual({ code: 1, stderr: `${url}: the answer is not HTTP\n` });
    } finally {
      redis.close();
    }
  },
);

test('the health check fails when its argument is no URL that it can ask', async () => {
  for (const url of ['', 'https://127.0.0.1:1/', '127.0.0.1:7071'])
    expect(await check(url)).toMatchObject({ code: 1 });
});
