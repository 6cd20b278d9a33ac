import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from '../../lab/harness/command-line.ts';
import { wholeNumber } from '../../lab/harness/whole-number.ts';
import { explained } from './explained.ts';
import { type Judgement, judge, type Report, render } from './judge.ts';

const folders = [
  'admission',
  'batching',
  'http/idempotency',
  'leasing',
  'orders',
  'payment',
  'resilience',
  'upstream',
] as const;

const usage = `npm run test:mutation -- [folders]

Mutates the code of src/{${folders.join(',')}} or of the folders named, and runs the unit tests of the folders on each mutant.
Fails if less than 85 % of the mutants of a folder are killed, or if one survives that test/mutation/explained.ts does not
explain. docs/mutation.md has the last run.

  --concurrency N  mutants that are tested at the same time; default: 2
  --help           show this
`;

const root = path.resolve(import.meta.dirname, '../..');
const reportOf = (folder: string) => path.join(root, `.stryker/${folder.replaceAll('/', '-')}.json`);

/**
 * Routes, their schemas and problems, which the service tests run over HTTP. One pattern each: Stryker splits the list at
 * commas, those in braces included.
 */
const leftOut = ['route', 'routes', 'schema', 'problems'].map((what) => `!src/orders/api/*-${what}.ts`);

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    options: {
      concurrency: { type: 'string', default: '2' },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) process.stdout.write(usage);
  else {
    const concurrency = wholeNumber('--concurrency', values.concurrency, 1, 64);
    await run(positionals.length === 0 ? folders : positionals.map(folderNamed), concurrency);
  }
});

async function run(chosen: readonly string[], concurrency: number): Promise<void> {
  for (const folder of chosen) await mutate(folder, concurrency);
  const reports = await Promise.all(folders.map(lastReport));
  const files = Object.assign({}, ...reports.map((report) => report?.files)) as Report['files'];

  const judgement = judge({ files }, chosen, explained);
  process.stdout.write(`\n${textOf(judgement)}\n`);
  if (judgement.faults.length > 0) process.exitCode = 1;
  if (reports.every((report) => report !== undefined))
    await writeFile(path.join(root, 'docs/mutation.md'), render(judge({ files }, folders, explained)));
}

/** Folder by folder, so that a run that is interrupted keeps what it has found. */
async function mutate(folder: string, concurrency: number): Promise<void> {
  process.stdout.write(`\n▸ src/${folder}\n`);
  const mutated = [`src/${folder}/**/*.ts`, '!src/**/*.test.ts', ...leftOut].join(',');
  const stryker = path.join(root, 'node_modules/.bin/stryker');
  const args = [
    stryker,
    'run',
    'test/mutation/stryker.json',
    '--mutate',
    mutated,
    '--concurrency',
    String(concurrency),
  ];
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error('Stryker failed.');
  await rename(path.join(root, '.stryker/report.json'), reportOf(folder));
}

async function lastReport(folder: string): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(reportOf(folder), 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

function textOf({ rows, faults }: Judgement): string {
  const lines = rows.map(
    ({ folder, killed, mutants, share }) =>
      `${folder.padEnd(12)}${String(killed).padStart(4)} of ${mutants} mutants killed, ${share.toFixed(1)} %`,
  );
  return [...lines, ...faults].join('\n');
}

function folderNamed(name: string): string {
  const known: readonly string[] = folders;
  if (!known.includes(name)) throw new Error(`"${name}" is none of ${known.join(', ')}. Try --help.`);
  return name;
}
