import { expect, test } from 'vitest';
import { whyUnsuitable } from './unsuitable-server.ts';

const answers = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('');

const redis = (mode: string, role = 'master') => answers({ redis_version: '7.4.2', redis_mode: mode, role });
// As valkey-server 8.1 answers.
const valkey = (mode: string, role = 'master') =>
  answers({
    redis_version: '7.2.4',
    server_name: 'valkey',
    valkey_version: '8.1.1',
    server_mode: mode,
    role,
  });

test.each([
  ['Redis', redis],
  ['Valkey', valkey],
])('%s is used as a standalone primary alone', (_name, infoOf) => {
  expect(whyUnsuitable(infoOf('standalone'))).toBeUndefined();
  for (const mode of ['cluster', 'sentinel'])
    expect(whyUnsuitable(infoOf(mode))).toContain(`leads to a ${mode} server`);
  expect(whyUnsuitable(infoOf('standalone', 'slave'))).toContain('leads to a read-only replica');
});
