import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { findHaProxy, haproxyConfigFile } from '../../lab/harness/haproxy.ts';
import { mostSeconds } from '../../src/admin/profile-routes.ts';
import { priorities } from '../../src/admission/priorities.ts';
import { problems } from '../../src/http/problem-details.ts';

test('the configuration of HAProxy is valid, without a warning', async () => {
  const { stdout, stderr } = await promisify(execFile)(findHaProxy() ?? 'haproxy', [
    '-c',
    '-f',
    haproxyConfigFile,
  ]);
  expect(stdout + stderr).not.toMatch(/warning|alert/i);
});

test('the configuration of HAProxy has the titles of the API, and the priorities of admission control', async () => {
  const config = await readFile(haproxyConfigFile, 'utf8');
  const bodies = [...config.matchAll(/"title":"([^"%]+)","status":(\d+),.*"code":"(\w+)"/g)];
  expect(bodies.length).toBeGreaterThanOrEqual(5);
  for (const [, title, status, code = ''] of bodies) {
    expect([code, title, Number(status)]).toEqual([
      code,
      problems[code as keyof typeof problems].title,
      problems[code as keyof typeof problems].status,
    ]);
  }
  const ofKind = Object.fromEntries(
    [...config.matchAll(/set-priority-class int\((\d)\) if (.+)/g)].map(([, rank, acls = '']) => [
      acls,
      Number(rank),
    ]),
  );
  expect(ofKind).toEqual({
    'is_read one_order': priorities.read.rank,
    'is_write cancellation': priorities.finish.rank,
    'is_write all_orders': priorities.place.rank,
    'is_read all_orders': priorities.list.rank,
  });
});

test('the proxy waits for longer than the longest profile takes', async () => {
  const config = await readFile(haproxyConfigFile, 'utf8');
  const waits = /^listen admin$(?:\n .*)*?\n +timeout server (?<seconds>\d+)s$/m.exec(config)?.groups?.[
    'seconds'
  ];
  expect(Number(waits)).toBeGreaterThan(mostSeconds);
});
