import { parseArgs } from 'node:util';
import { expect, test } from 'vitest';
import { messageOf } from './command-line.ts';

test.each([
  ['an unknown option', ['--nope'], "Unknown option '--nope'. Try --help."],
  ['a missing value', ['--seed'], "Option '--seed <value>' argument missing. Try --help."],
  [
    'an option in place of a value',
    ['--seed', '--all'],
    "Option '--seed' argument is ambiguous. Try --help.",
  ],
])('%s is one sentence, and where to look', (_, args, sentence) => {
  const read = () => {
    try {
      return parseArgs({
        args,
        allowPositionals: true,
        options: { seed: { type: 'string' }, all: { type: 'boolean' } },
      });
    } catch (error) {
      return messageOf(error);
    }
  };
  expect(read()).toBe(sentence);
});
