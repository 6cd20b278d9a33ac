import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makeFork } from './fork.ts';
import { forkNames } from './names.ts';
import { parts } from './parts.ts';

test('the simulator of a fork names the port that is taken, and its variable', {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'fork-'));
  await using occupant = createServer().listen(0, '127.0.0.1');
  try {
    const target = path.join(folder, 'taken-port');
    const names = forkNames({ name: 'front-desk', resource: 'reservation' });
    await makeFork(target, { names, without: Object.keys(parts), license: 'UNLICENSED', holder: '' });
    await symlink(path.resolve('node_modules'), path.join(target, 'node_modules'));
    if (!occupant.listening) await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const { status, stderr } = spawnSync(process.execPath, ['lab/simulator/main.ts'], {
      cwd: target,
      env: { SIMULATOR_PORT: String(port) },
      encoding: 'utf8',
    });
    expect(stderr).toBe(
      `Port ${port} on 127.0.0.1 is taken. Set SIMULATOR_PORT to another one, or to 0 for any free one.\n`,
    );
    expect(status).toBe(1);
  } finally {
    await rm(folder, { recursive: true });
  }
});
