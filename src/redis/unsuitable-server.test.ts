import { expect, test } from 'vitest';
import { whyUnanswered, whyUnsuitable } from './unsuitable-server.ts';

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

test('a server that still loads its data is not used', () => {
  expect(whyUnsuitable(answers({ loading: '1', role: 'master' }))).toContain('still loading');
  expect(whyUnsuitable(answers({ loading: '0', role: 'master' }))).toBeUndefined();
});

test.each([
  ["NOPERM this user has no permissions to run the 'info' command", true],
  ["ERR unknown command 'info', with args beginning with: ", true],
  ['NOAUTH Authentication required.', false],
  ['BUSY Redis is busy running a script.', false],
])('a server that answers INFO with "%s" is used: %s', (message, isUsed) => {
  const reply = Object.assign(new Error(message), { name: 'ReplyError' });
  expect(whyUnanswered(reply)).toBe(isUsed ? undefined : message);
});
