import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createCluster } from './postgres-cluster.ts';

test('a folder with a character that the programs of PostgreSQL do not bear is named', async () => {
  const directory = path.join(tmpdir(), 'never-made');
  const home = { directory, native: '/home/me/my $hop/native', account: undefined };
  await expect(createCluster(home, { logFile: `${directory}.log`, durable: false })).rejects.toThrow(
    'PostgreSQL does not start from /home/me/my $hop/native, because the path has a $. Move this project to another folder.',
  );
});
