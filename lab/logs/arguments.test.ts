import { expect, test } from 'vitest';
import { ConfigError } from '../../src/config/environment.ts';
import { readArguments } from './arguments.ts';

test.each([
  [[], 'Name a file, or - for standard input. Try --help.'],
  [['a.log'], 'Name a receiver with --to, or --count to forward nothing. Try --help.'],
  [
    ['a.log', '--count', '--to', 'stdout'],
    'Name a receiver with --to, or --count to forward nothing. Try --help.',
  ],
  [['a.log', '--to', 'localhost:4318'], '--to must be stdout or a URL that starts with http://'],
  [['a.log', '--count', '--from', 'middle'], '--from must be beginning or end, not "middle". Try --help.'],
  [['a.log', '--count', '--field', 'colour=c'], '--field must be a role and a name, such as level=lvl'],
  [['a.log', '--count', '--nonsense'], "Unknown option '--nonsense'. Try --help."],
  [['a.log', '--to', '--count'], "Option '--to' argument is ambiguous. Try --help."],
  [['a.log', '--to', 'stdout', '--to', 'stdout'], '--to stdout is there twice. Try --help.'],
  [
    ['a.log', '--to', 'http://127.0.0.1:4318/v1/logs'],
    '--to http://127.0.0.1:4318/v1/logs has the path /v1/logs already, which is appended: leave it out. Try --help.',
  ],
  [
    ['a.log', '--count', '--compression', 'br'],
    '--compression must be gzip, zstd, none, not "br". Try --help.',
  ],
  [['a.log.zst', '--count', '--once'], 'a.log.zst is not compressed with gzip'],
  [['a.log.gz', '--count'], 'a.log.gz is compressed: add --once. Try --help.'],
  [
    ['a.log', '--count', '--fields', '/nowhere.json'],
    '--fields /nowhere.json cannot be read: there is no such file',
  ],
  [
    ['a.log', '--count', '--fields', 'package.json'],
    '--fields package.json must be JSON with lists of names by role',
  ],
])('%j is refused with the reason', (args, reason) => {
  let message = '';
  try {
    readArguments(args);
  } catch (error) {
    if (error instanceof ConfigError) ({ message } = error);
  }
  expect(message).toContain(reason);
});

test('a name that the user gives a role comes before the usual ones, and loses its other role', () => {
  const args = readArguments(['-', '--count', '--field', 'level=prio', '--field', 'message=time']);
  expect(args?.fields.level.slice(0, 2)).toEqual(['prio', 'level']);
  expect(args?.fields.message[0]).toBe('time');
  expect(args?.fields.time).not.toContain('time');
});

test('help is asked for', () => {
  expect(readArguments(['--help'])).toBeUndefined();
});
