import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

test('a story that does not exist is named, beside one that does', () => {
  const tour = [path.join(import.meta.dirname, 'main.ts'), 'overload', 'nosuch', '--auto'];
  const { status, stdout, stderr } = spawnSync(process.execPath, tour, { encoding: 'utf8', timeout: 60_000 });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: '',
    stderr: 'No story begins with "nosuch". Try --list.\n',
  });
});
