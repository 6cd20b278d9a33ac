import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

/** The command of the container, with another folder, no wait between its looks, and a program that writes one line and stays. */
async function commandIn(folder: string): Promise<string> {
  const compose = parse(await readFile('docker-compose.yml', 'utf8'), { merge: true }) as {
    services: Record<'orders-to-file', { command: [shell: string, option: string, script: string] }>;
  };
  return compose.services['orders-to-file'].command[2]
    .replaceAll('$$', '$')
    .replace('/var/log/orders', folder)
    .replace('sleep 60', 'sleep 0.05')
    .replace(/exec node .* >>/, `exec sh -c 'echo started; read -r line; echo "$line"' >>`);
}

test('the log file of the container beyond 16 MiB moves to its one copy, and the program writes on', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'log-file-'));
  const log = path.join(folder, 'orders.log');
  await writeFile(`${log}.1`, 'an older copy\n');
  await writeFile(log, '');
  await truncate(log, 16 * 1024 * 1024);
  const program = spawn('sh', ['-c', await commandIn(folder)], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  try {
    await expect.poll(async () => (await stat(log)).size, { timeout: 20_000 }).toBeLessThan(100);
    expect((await stat(`${log}.1`)).size).toBeGreaterThanOrEqual(16 * 1024 * 1024);
    program.stdin.end('a later line\n');
    await once(program, 'exit');
    expect(await readFile(log, 'utf8')).toMatch(/a later line\n$/);
  } finally {
    // The loop of the container ends with its container.
    if (program.pid !== undefined) process.kill(-program.pid, 'SIGKILL');
    await rm(folder, { recursive: true });
  }
});
