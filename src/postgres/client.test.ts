import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { readDatabaseUrl } from '../config/database-url.ts';
import { createClient } from './client.ts';
import { UnsuitableServer } from './unsuitable-server.ts';

/** Answers as a server of this version to whoever connects. @see https://www.postgresql.org/docs/18/protocol-message-formats.html */
async function serverOfVersion(version: string) {
  const message = (type: string, content: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(content.length + 4);
    return Buffer.concat([Buffer.from(type), length, content]);
  };
  const greeting = Buffer.concat([
    message('R', Buffer.alloc(4)),
    message('S', Buffer.from(`server_version\0${version}\0`)),
    message('Z', Buffer.from('I')),
  ]);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.write(greeting));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `postgres://orders@127.0.0.1:${port}/orders`,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

test.each(['11.22', '9.6.24', '11.22 (Debian 11.22-1.pgdg120+1)'])(
  'a server of version %s is refused with a sentence that says so',
  async (version) => {
    await using server = await serverOfVersion(version);
    const connecting = createClient(readDatabaseUrl(server.url, {}), { timeout: 5000 }).connect();
    await expect(connecting).rejects.toThrow(
      `is PostgreSQL ${version}; the service needs PostgreSQL 12 or newer`,
    );
    await expect(connecting).rejects.toBeInstanceOf(UnsuitableServer);
  },
);

test.each(['12.0', '18.4', '19beta1', '100.1'])('a server of version %s is accepted', async (version) => {
  await using server = await serverOfVersion(version);
  const client = createClient(readDatabaseUrl(server.url, {}), { timeout: 5000 });
  await expect(client.connect()).resolves.toBe(client);
  await client.end();
});
