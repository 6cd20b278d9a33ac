import { readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { costTable, rowsOf, tableIn } from '../../lab/fork/cost.ts';
import { makeFork } from '../../lab/fork/fork.ts';
import { forkNames } from '../../lab/fork/names.ts';
import { parts } from '../../lab/fork/parts.ts';
import { binary, checked, checkedQuickly, root } from './commands.ts';
import { patience, residentMemory } from './living-fork.ts';

/** Parts that run in the process of the service. The instrumentations are loaded only with this variable. */
const inProcess: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'auto-instrumentation': { TELEMETRY_INSTRUMENTATION: 'auto' },
  redis: {},
  admission: {},
  worker: {},
};

const page = path.join(root, 'docs/forking.md');

/** The forks that {@link walkParts} makes, with what they go without. */
export const partForks: ReadonlyArray<{ title: string; without: readonly string[] }> = [
  { title: 'whole', without: [] },
  ...Object.keys(parts).map((name) => ({ title: name, without: [name] })),
  { title: 'least', without: Object.keys(parts) },
];

/**
 * That a fork without each part, and without all, is whole: types, lint, unused code and its own tests. What each costs goes
 * into docs/forking.md.
 *
 * @param only names of parts, `whole` and `least` among them; default all
 */
export async function walkParts(folder: string, only: readonly string[]): Promise<string[]> {
  const problems: string[] = [];
  const forks = partForks.filter(({ title }) => only.length === 0 || only.includes(title));
  for (const { title, without } of forks) {
    const said = title === 'whole' || title === 'least' ? title : `without ${title}`;
    const target = await make(folder, title, without);
    problems.push(...(await checkedQuickly(said, target)));
    problems.push(...(await checked(said, target, [binary('vitest'), 'run'])).problems);
  }
  if (only.length === 0) await writeTable(await memoryOfParts(folder));
  return problems;
}

/** Writes the table of docs/forking.md. Memory that is not measured now stays as it was. */
export async function writeTable(measured: ReadonlyMap<string, string> = new Map()): Promise<void> {
  const text = await readFile(page, 'utf8');
  const before = tableIn(text);
  const rows = rowsOf(before);
  const known = (name: string) => rows.get(name === 'rest' ? 'what stays' : name)?.[4];
  const after = await costTable((name) => measured.get(name) ?? known(name) ?? '–');
  await writeFile(
    page,
    text.replace(before, () => after),
  );
  process.stdout.write(`\n${after}`);
}

/** The resident memory of a service at rest after its start, with a part and without it: medians of five starts. */
export async function memoryOfParts(folder: string): Promise<Map<string, string>> {
  const names = Object.keys(inProcess).filter((name) => name in parts);
  const whole = await make(folder, 'memory-whole', []);
  const least = await make(folder, 'memory-least', Object.keys(parts));
  const without = new Map<string, string>();
  for (const name of names) without.set(name, await make(folder, `memory-${name}`, [name]));
  const samples = new Map<string, number[]>();
  const sample = async (key: string, target: string, env: Readonly<Record<string, string>> = {}) =>
    samples.set(key, [...(samples.get(key) ?? []), await residentMemory(target, patience, env)]);
  // In turns, so that what else the machine does meets all of them.
  for (let round = 0; round < 5; round += 1) {
    await sample('whole', whole);
    await sample('rest', least);
    for (const name of names) {
      const env = inProcess[name] ?? {};
      if (Object.keys(env).length > 0) await sample(`${name} on`, whole, env);
      await sample(name, without.get(name) ?? '');
    }
    process.stdout.write(`memory: round ${round + 1} of 5\n`);
  }
  const median = (key: string) => (samples.get(key) ?? []).toSorted((a, b) => a - b)[2] ?? 0;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return new Map([
    ...names.map((name): [string, string] => {
      const withIt = samples.has(`${name} on`) ? median(`${name} on`) : median('whole');
      return [name, `${megabytes(withIt)} / ${megabytes(median(name))} MB`];
    }),
    ['rest', `${megabytes(median('rest'))} MB`],
  ]);
}

async function make(folder: string, title: string, without: readonly string[]): Promise<string> {
  const target = path.join(folder, title);
  const names = forkNames({ name: 'parts', resource: 'parcel' });
  await makeFork(target, { names, without, license: 'UNLICENSED', holder: '' });
  await symlink(path.join(root, 'node_modules'), path.join(target, 'node_modules'));
  return target;
}
