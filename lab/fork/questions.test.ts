import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { missingPrograms } from '../harness/programs.ts';
import { gitEnvironment } from './config.ts';

/** `npm run fork` at a real terminal: the pseudo-terminal of script(1) from util-linux. */

const folder = mkdtempSync(path.join(tmpdir(), 'fork-questions-'));
afterAll(() => rmSync(folder, { recursive: true }));

const patience = { timeout: 60_000 };
const ctrlC = '\u0003';
const ctrlD = '\u0004';

const leftOut = process.platform !== 'linux' || missingPrograms().some(({ name }) => name === 'script');

interface Terminal {
  /** What stands on the screen since the last key. */
  screen(): string;
  press(keys: string): void;
  /** Waits for a prompt, then types. */
  answer(prompt: string, keys: string): Promise<void>;
  exit: Promise<unknown[]>;
}

function openTerminal(...args: string[]): Terminal {
  const command = [process.execPath, path.resolve('lab/fork/main.ts'), ...args].join(' ');
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
    cwd: folder,
    env: { ...gitEnvironment(), SHELL: '/bin/sh', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const screen = () => stripVTControlCharacters(said).replaceAll('\r', '');
  const press = (keys: string) => {
    said = '';
    child.stdin.write(keys);
  };
  return {
    screen,
    press,
    async answer(prompt, keys) {
      await expect.poll(screen, patience).toMatch(new RegExp(`${prompt}[^\\n]*: $`));
      press(keys);
    },
    exit: once(child, 'exit'),
  };
}

test.skipIf(leftOut)(
  'a wrong answer at a terminal is asked for again after one line, and the answers make the fork',
  { timeout: 120_000 },
  async () => {
    mkdirSync(path.join(folder, 'full'));
    writeFileSync(path.join(folder, 'full/mine.txt'), 'mine');
    const terminal = openTerminal();
    const conversation: Array<[prompt: string, wrong: Array<[answer: string, line: string]>, right: string]> =
      [
        [
          'The folder',
          [
            ['', 'The folder is missing'],
            ['full', 'is not empty'],
          ],
          'desk',
        ],
        [
          'The name of the service',
          [
            ['Front Desk', 'up to 40 lower-case letters'],
            ['grafana', 'take another'],
          ],
          'desk',
        ],
        ['The resource, in the singular', [['table', 'is a reserved word of SQL: take another.']], 'child'],
        ['The plural of child', [['child', 'is the same as the resource']], 'children'],
        ['A worker for what requests leave pending', [['maybe', 'yes or no.']], 'no'],
        ['The licence', [['GPL', 'UNLICENSED or MIT.']], 'MIT'],
        ['Who holds the copyright', [], 'A. Person'],
      ];
    for (const [prompt, wrong, right] of conversation) {
      for (const [answer, line] of wrong) {
        await terminal.answer(prompt, `${answer}\r`);
        await expect.poll(terminal.screen, patience).toContain(line);
      }
      await terminal.answer(prompt, `${right}\r`);
    }
    expect(await terminal.exit).toEqual([0, null]);
    expect(terminal.screen()).toContain('cd desk && npm install && npm start');
    const made = path.join(folder, 'desk');
    expect(JSON.parse(readFileSync(path.join(made, '.fork.json'), 'utf8'))).toMatchObject({
      service: 'desk',
      resource: 'child',
      plural: 'children',
      without: ['worker'],
    });
    expect(readFileSync(path.join(made, 'LICENSE'), 'utf8')).toContain('A. Person');
  },
);

test.skipIf(leftOut).each([
  ['Ctrl-C', ctrlC],
  ['Ctrl-D', ctrlD],
])(
  '%s in the middle of the questions ends with 130, and nothing is written',
  patience,
  async (_name, key) => {
    const before = readdirSync(folder);
    const terminal = openTerminal('given-up', '--name', 'desk');
    await terminal.answer('The resource', key);
    expect(await terminal.exit).toEqual([130, null]);
    expect(terminal.screen()).toContain('Given up: nothing is made.\n');
    expect(readdirSync(folder)).toEqual(before);
  },
);

test.skipIf(leftOut)(
  'Ctrl-C while the fork is written ends with 130, and nothing half written stays',
  patience,
  async () => {
    const before = readdirSync(folder);
    const terminal = openTerminal('new/deep/desk', '--name', 'desk', '--resource', 'parcel', '--outbox');
    await terminal.answer('The licence', '\r');
    await expect
      .poll(() => existsSync(path.join(folder, 'new/deep')), { timeout: 30_000, interval: 5 })
      .toBe(true);
    terminal.press(ctrlC);
    expect(await terminal.exit).toEqual([130, null]);
    expect(readdirSync(folder)).toEqual(before);
  },
);
