import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { startLogs } from '../harness/logs-process.ts';
import { line, openLogsScene } from '../harness/logs-scene.ts';

test.each([
  ['a file that is read once', true],
  ['standard input', false],
])(
  'a receiver that refuses lines of %s makes the exit code 1',
  { timeout: 60_000 },
  async (_input, isFile) => {
    await using scene = await openLogsScene();
    await using refusing = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(400).end());
    }).listen(0, '127.0.0.1');
    if (!refusing.listening) await once(refusing, 'listening');
    const to = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}`;
    await writeFile(scene.file, line(1));
    const input = isFile ? [scene.file, '--once'] : ['-'];
    await using logs = startLogs([...input, '--to', to, '--checkpoint', scene.checkpoint]);
    logs.child.stdin?.end(line(1));
    expect(await logs.ended).toBe(1);
    expect(logs.said()).toContain(`${to} refuses 1 of 1 lines: status 400.`);
  },
);
