import { expect, test } from 'vitest';
import { loadMigrationConfig } from './config.ts';

const ofService = { DATABASE_URL: 'postgres://orders@pooler:6432/orders' };
const ownUrl = { MIGRATION_DATABASE_URL: 'postgres://owner@db:5432/orders' };

test('loadMigrationConfig requires the database URL only', () => {
  const config = loadMigrationConfig(ofService);
  expect(config.url.reveal()).toBe(ofService.DATABASE_URL);
  expect(config).toMatchObject({
    pooler: 'auto',
    connectDeadline: 0,
    lockTimeout: 500,
    lockDeadline: 60_000,
  });
  expect(() => loadMigrationConfig({})).toThrow(/^DATABASE_URL is not set: /);
});

test('loadMigrationConfig prefers MIGRATION_DATABASE_URL, which needs no other, and names it when it is malformed', () => {
  for (const env of [ownUrl, { ...ofService, ...ownUrl }]) {
    expect(loadMigrationConfig(env).url.reveal()).toBe(ownUrl.MIGRATION_DATABASE_URL);
  }
  expect(() => loadMigrationConfig({ ...ofService, MIGRATION_DATABASE_URL: 'db' })).toThrow(
    /^MIGRATION_DATABASE_URL must be a URL/,
  );
});

test('loadMigrationConfig refuses MIGRATION_LOCK_TIMEOUT of 0, which Postgres treats as no timeout', () => {
  expect(() => loadMigrationConfig({ ...ofService, MIGRATION_LOCK_TIMEOUT: '0s' })).toThrow(
    /^MIGRATION_LOCK_TIMEOUT must not be 0$/,
  );
});
