import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { programs } from './programs.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Sorted paths of the tests whose text has this. */
const testsWith = (text: string): string[] =>
  globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => readFileSync(path.join(root, file), 'utf8').includes(text))
    .toSorted();

// Otherwise it would fail on a machine without the program, instead of being left out with a notice.
test.each([
  ['chromium', 'launchBrowser('],
  ['prometheus', 'startPrometheus('],
])('every test that starts %s is declared', (program, call) => {
  const declared = programs.find(({ name }) => name === program)?.tests;
  expect(declared?.toSorted()).toEqual(testsWith(call));
});
