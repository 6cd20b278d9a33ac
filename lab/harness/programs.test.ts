import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { programs } from './programs.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** Sorted paths of the tests whose text has one of these. */
const testsWith = (texts: readonly string[]): string[] =>
  globSync('test/**/*.test.ts', { cwd: root })
    .filter((file) => {
      const content = readFileSync(path.join(root, file), 'utf8');
      return texts.some((text) => content.includes(text));
    })
    .toSorted();

// Otherwise it would fail on a machine without the program, instead of being left out with a notice.
test.each([
  ['chromium', ['launchBrowser(', 'openTestConsole(']],
  ['prometheus', ['startPrometheus(']],
])('every test that starts %s is declared', (program, calls) => {
  const declared = programs.find(({ name }) => name === program)?.tests;
  expect(declared?.toSorted()).toEqual(testsWith(calls));
});
