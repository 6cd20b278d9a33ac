import { expect, test, vi } from 'vitest';
import { stackImage } from './stack-image.ts';

test('the tests in containers use the images of the stack', async () => {
  expect(await stackImage('postgres')).toMatch(/^postgres:\d+\.\d+-alpine$/);
  expect(await stackImage('valkey')).toMatch(/^valkey\/valkey:\d+\.\d+\.\d+-alpine/);
});

test('the version of an image in the stack can be set by the variable that Compose reads', async () => {
  vi.stubEnv('POSTGRES_VERSION', '17.6-alpine');
  expect(await stackImage('postgres')).toBe('postgres:17.6-alpine');
  vi.unstubAllEnvs();
});
