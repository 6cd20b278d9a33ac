import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Secret } from '../config/environment.ts';
import { StartupError } from '../errors.ts';
import { loadCredentials } from './gateway-credentials.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'orders-credentials-'));
  file = path.join(folder, 'authorization');
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const fromFile = () => loadCredentials({ kind: 'file', path: file });

test('credentials are a header with the configured value, and no header without one', () => {
  expect(loadCredentials(undefined).headers()).toEqual({});
  const value = new Secret('Bearer hush-hush');
  expect(loadCredentials({ kind: 'value', value }).headers()).toEqual({ authorization: 'Bearer hush-hush' });
});

test.each(['Bearer hush-hush', 'Bearer hush-hush\n', '  Bearer hush-hush\r\n'])(
  'credentials are read from a file without the white space around them: %j',
  (content) => {
    writeFileSync(file, content);
    expect(fromFile().headers()).toEqual({ authorization: 'Bearer hush-hush' });
  },
);

test.each(['', '\n', 'Bearer hush-hush\nX-Other: 1', 'Bearer hush\u00E4', `Bearer ${'x'.repeat(8192)}`])(
  'credentials in a file that cannot be a header stop the start, and stay out of the message: %j',
  (content) => {
    writeFileSync(file, content);
    expect(fromFile).toThrow(StartupError);
    expect(fromFile).toThrow(/^PAYMENT_GATEWAY_AUTHORIZATION_FILE must hold /);
    expect(fromFile).not.toThrow(/hush/);
  },
);

test('credentials in a file that does not exist stop the start', () => {
  expect(fromFile).toThrow(/^PAYMENT_GATEWAY_AUTHORIZATION_FILE cannot be read: .*ENOENT/);
});

test('credentials are read again when the gateway refuses them, but not for every refusal', () => {
  vi.useFakeTimers();
  writeFileSync(file, 'Bearer old');
  const credentials = fromFile();
  writeFileSync(file, 'Bearer new');
  expect(credentials.headers()).toEqual({ authorization: 'Bearer old' });
  credentials.refused();
  expect(credentials.headers()).toEqual({ authorization: 'Bearer new' });

  writeFileSync(file, 'Bearer newest');
  credentials.refused();
  expect(credentials.headers()).toEqual({ authorization: 'Bearer new' });
  vi.advanceTimersByTime(1000);
  credentials.refused();
  expect(credentials.headers()).toEqual({ authorization: 'Bearer newest' });
});

test('credentials stay as they are while their file is gone or half written', () => {
  vi.useFakeTimers();
  writeFileSync(file, 'Bearer old');
  const credentials = fromFile();
  for (const meddle of [() => writeFileSync(file, ''), () => rmSync(file)]) {
    meddle();
    vi.advanceTimersByTime(1000);
    credentials.refused();
    expect(credentials.headers()).toEqual({ authorization: 'Bearer old' });
  }
});

test('credentials do not print', () => {
  writeFileSync(file, 'Bearer hush-hush');
  expect(inspect(fromFile(), { depth: 5, showHidden: true })).not.toContain('hush');
});
