import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';

const notWritable =
  "Nothing can be written to --out /dev/null/report: ENOTDIR: not a directory, mkdir '/dev/null/report'.";

test.each([
  ['test:kubernetes', ['test/kubernetes/run.ts', '--nope'], "Unknown option '--nope'. Try --help."],
  [
    'test:fork',
    ['test/fork/run.ts', '--forks', '--only', 'nope'],
    '--only takes bookings, pet-hotel, daycare-2, not "nope". Try --help.',
  ],
  [
    'test:fork',
    ['test/fork/run.ts', '--recipes', '--only', 'redis'],
    '--only needs --forks or --parts. Try --help.',
  ],
  ['test:failover', ['lab/failover/main.ts', '--beside'], '--beside needs --pooler. Try --help.'],
  [
    'test:failover',
    ['lab/failover/main.ts', '--out', '/dev/null/page.md'],
    "Nothing can be written to --out /dev/null/page.md: ENOTDIR: not a directory, open '/dev/null/page.md'.",
  ],
  [
    'test:senders',
    ['test/senders/run.ts', '--out', '/dev/null/page.md'],
    "Nothing can be written to --out /dev/null/page.md: ENOTDIR: not a directory, open '/dev/null/page.md'.",
  ],
  ['chaos', ['lab/chaos/main.ts', '--out', '/dev/null/report'], notWritable],
  ['bench:locks', ['lab/bench/locks/main.ts', '--out', '/dev/null/report'], notWritable],
  [
    'bench:locks',
    ['lab/bench/locks/main.ts', '--out', '/proc/nowhere/report'],
    "Nothing can be written to --out /proc/nowhere/report: ENOENT: no such file or directory, mkdir '/proc/nowhere'.",
  ],
  ...['orders', 'backlog', 'console'].map((bench): [string, string[], string] => [
    `bench:${bench}`,
    [`lab/bench/${bench}/main.ts`, '--before', 'docs'],
    '--before docs is no checkout of this project: it has no src/main.ts.',
  ]),
  [
    'dashboards:pictures',
    ['grafana/pictures/main.ts', '--prometheus', 'http://127.0.0.1:1', '--out', tmpdir()],
    'No Prometheus answers at http://127.0.0.1:1. Start one with docker compose up or npm run stack:native, or name another with --prometheus.',
  ],
])('npm run %s refuses a mistake on its command line before any work, in one line', (_name, args, line) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: `${line}\n` });
});

test('npm run chart:schemas says in one line that helm is not installed', () => {
  const { status, stderr } = spawnSync(process.execPath, ['test/kubernetes/write-schemas.ts'], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: tmpdir() },
  });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'helm is not installed: https://helm.sh/docs/intro/install\n',
  });
});

test('npm run test:senders names the reason for which npm did not install a sender', async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'senders-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const npm = `#!/bin/sh
case "$*" in *--silent*) exit 1 ;; esac
printf 'npm error code ECONNREFUSED\\nnpm error FetchError: connect ECONNREFUSED 127.0.0.1:1\\n' >&2
exit 1
`;
  await writeFile(path.join(folder, 'npm'), npm, { mode: 0o755 });
  const { status, stdout } = spawnSync(process.execPath, ['test/senders/run.ts', '--folder', folder], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: folder },
  });
  expect(status).toBe(0);
  expect(stdout).toContain(
    'left out: not installable (npm error FetchError: connect ECONNREFUSED 127.0.0.1:1)',
  );
});
