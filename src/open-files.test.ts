import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StartupError } from './errors.ts';
import { openFilesLimit, shareOpenFiles } from './open-files.ts';

const demand = { api: 2000, admin: 100, database: 10, dependencies: 64 };

describe('the open files', () => {
  test('the open files are granted as configured when there are enough', () => {
    expect(shareOpenFiles(2238, demand)).toEqual({ api: 2000, admin: 100 });
    expect(shareOpenFiles(Infinity, demand)).toEqual({ api: 2000, admin: 100 });
  });

  test.each([
    { limit: 2237, api: 2000 },
    { limit: 1024, api: 870 },
    { limit: 256, api: 102 },
    { limit: 128, api: 19 },
    { limit: 92, api: 1 },
  ])('the open files leave $api connections to clients when there are $limit', ({ limit, api }) => {
    expect(shareOpenFiles(limit, demand)).toEqual({ api, admin: 16, wanted: 2238 });
  });

  test('the open files end the start with advice when they are too few', () => {
    expect(() => shareOpenFiles(91, demand)).toThrow(
      new StartupError(
        'The process may open 91 files, and needs at least 92 (2238 for the configured limits). Raise the limit, with `ulimit -n` for example.',
      ),
    );
  });

  test('the open files are enough for everything that the shares allow', () => {
    const amounts = fc.record({
      api: fc.integer({ min: 1, max: 5000 }),
      admin: fc.integer({ min: 1, max: 100 }),
      database: fc.integer({ min: 1, max: 100 }),
      dependencies: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 256, max: 10_000 }), (wanted, limit) => {
        const { api, admin } = shareOpenFiles(limit, wanted);
        expect(api).toBeGreaterThanOrEqual(1);
        // As many calls of the dependencies are in flight as clients wait, at most.
        expect(64 + api + admin + wanted.database + Math.min(wanted.dependencies, api)).toBeLessThanOrEqual(
          limit,
        );
      }),
    );
  });

  test('the open files of this process have a limit', () => {
    expect(openFilesLimit()).toBeGreaterThan(64);
  });
});
