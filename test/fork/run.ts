import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { makeFork } from '../../lab/fork/fork.ts';
import { type ForkNames, forkNames } from '../../lab/fork/names.ts';
import { parts } from '../../lab/fork/parts.ts';
import { applyRecipe, readRecipes } from '../../lab/fork/recipes.ts';
import { describeMachine } from '../../lab/report/machine.ts';
import { table } from '../../lab/report/table.ts';
import { combinations, namesOf } from './combinations.ts';
import { createFirst, startFork, tryOut } from './living-fork.ts';

const usage = `npm run test:fork -- [options]

Makes forks in fresh folders, as a new user would, and removes them. Without options: all of it.

  --forks     three forks of different names and parts: npm ci, npm start, requests, npm run check, npm test
  --parts     a fork without each single part, and without all: types, lint, unused code
  --recipes   the recipes, one after the other on one fork: types, lint, unused code, its tests
  --keep      leaves the folders
  --help      show this
`;

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
/** Milliseconds. */
const patience = 180_000;

const { values } = parseArgs({
  options: {
    forks: { type: 'boolean' },
    parts: { type: 'boolean' },
    recipes: { type: 'boolean' },
    keep: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help) process.stdout.write(usage);
else await testForks();

async function testForks(): Promise<void> {
  const everything = !values.forks && !values.parts && !values.recipes;
  const folder = await mkdtemp(path.join(tmpdir(), 'forks-'));
  const problems: string[] = [];
  try {
    if (everything || values.forks) problems.push(...(await walkForks(folder)));
    if (everything || values.parts) problems.push(...(await walkParts(folder)));
    if (everything || values.recipes) problems.push(...(await walkRecipes(folder)));
  } finally {
    if (values.keep) process.stdout.write(`\nThe forks are in ${folder}.\n`);
    else await rm(folder, { recursive: true });
  }
  for (const problem of problems) process.stderr.write(`✗ ${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
}

/** From the command to the first 201, and everything that a new user would try. */
async function walkForks(folder: string): Promise<string[]> {
  const { processor, cores } = describeMachine();
  const rows: string[][] = [];
  const problems: string[] = [];
  for (const combination of combinations) {
    const names = namesOf(combination);
    const target = path.join(folder, names.service);
    const watch = stopwatch();
    await command(root, process.execPath, [
      path.join(root, 'lab/fork/main.ts'),
      target,
      '--name',
      names.service,
      '--resource',
      names.resource,
      '--plural',
      names.plural,
      ...(combination.without.length > 0 ? ['--without', combination.without.join(',')] : []),
    ]);
    const made = watch();
    await command(target, 'npm', ['ci', '--no-audit', '--no-fund']);
    const installed = watch();
    const fork = await startFork(target, patience);
    let first: number;
    try {
      const created = await createFirst(fork, names);
      first = watch();
      if (created.status !== 201) problems.push(`${names.service}: the first request got ${created.status}`);
      const wrong = await tryOut(fork, names, created);
      problems.push(...wrong.map((what) => `${names.service}: does not hold: ${what}`));
    } finally {
      await fork.stop();
    }
    problems.push(...(await checked(names.service, target, ['npm', 'run', '-s', 'check'])));
    problems.push(...(await checked(names.service, target, ['npm', 'test'])));
    const { inFolder, outside } = await domainFilesOf(target, names);
    rows.push([
      `\`${names.service}\`, ${names.plural}`,
      combination.without.join(', ') || '–',
      seconds(made),
      seconds(installed),
      seconds(first),
      `${inFolder.length} in src/${names.plural}, ${outside.length} elsewhere`,
    ]);
    process.stdout.write(`${names.service}: elsewhere ${outside.join(', ')}\n`);
  }
  const head = ['fork', 'without', 'made', 'installed', 'first 201', 'files that name the resource'];
  process.stdout.write(
    `\n${table([head, ...rows])}\n\n${cores} × ${processor}. Seconds since the command; npm's cache is warm.\n`,
  );
  return problems;
}

/** Files that know the resource: what somebody touches who makes something else of it. Tests come with them. */
async function domainFilesOf(folder: string, { resource, plural }: ForkNames) {
  const word = new RegExp(`(?<![a-z])(?:${resource}|${plural})(?![a-z])|${resource}(?=[A-Z])`, 'i');
  const files = globSync(['src/**/*.ts', 'migrations/*.sql'], { cwd: folder });
  const named: string[] = [];
  for (const file of files.filter((each) => !each.endsWith('.test.ts')))
    if (word.test(await readFile(path.join(folder, file), 'utf8'))) named.push(file);
  const isInside = (file: string) => file.startsWith(`src/${plural}/`);
  return {
    inFolder: named.filter(isInside),
    outside: named.filter((file) => !isInside(file)).toSorted(),
  };
}

/** What each part costs, and that a fork without it is whole. */
async function walkParts(folder: string): Promise<string[]> {
  const problems: string[] = [];
  const rows: string[][] = [];
  const names = forkNames({ name: 'parts', resource: 'parcel' });
  const sizeOf = async (target: string) => {
    const tracked = (await command(target, 'git', ['ls-files', '-z'])).split('\0').filter(Boolean);
    const counted = tracked.filter((file) => !/package-lock\.json|NOTICE|LICENSE/.test(file));
    const texts = await Promise.all(counted.map((file) => readFile(path.join(target, file), 'utf8')));
    const lockfile = JSON.parse(await readFile(path.join(target, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, unknown>;
    };
    return {
      files: counted.length,
      lines: texts.reduce((sum, text) => sum + text.split('\n').length, 0),
      packages: Object.keys(lockfile.packages).length - 1,
    };
  };
  const make = async (title: string, without: readonly string[]) => {
    const target = path.join(folder, title);
    await makeFork(target, { names, without, license: 'UNLICENSED', holder: '' });
    await symlink(path.join(root, 'node_modules'), path.join(target, 'node_modules'));
    problems.push(...(await checkedQuickly(`without ${without.join(', ') || 'nothing'}`, target)));
    return sizeOf(target);
  };
  const whole = await make('whole', []);
  for (const [name, { about }] of Object.entries(parts)) {
    const size = await make(`without-${name}`, [name]);
    rows.push([
      `\`${name}\``,
      about,
      String(whole.files - size.files),
      String(whole.lines - size.lines),
      String(whole.packages - size.packages),
    ]);
  }
  const least = await make('least', Object.keys(parts));
  rows.push(['what stays', '', String(least.files), String(least.lines), String(least.packages)]);
  process.stdout.write(`\n${table([['part', 'what it is', 'files', 'lines', 'npm packages'], ...rows])}\n`);
  return problems;
}

/** Every recipe on one fork, and what its own tests say of it. */
async function walkRecipes(folder: string): Promise<string[]> {
  const problems: string[] = [];
  const target = path.join(folder, 'recipes');
  await makeFork(target, {
    names: forkNames({ name: 'bookings', resource: 'booking' }),
    without: [],
    license: 'UNLICENSED',
    holder: '',
  });
  await symlink(path.join(root, 'node_modules'), path.join(target, 'node_modules'));
  const recipes = readRecipes(await readFile(path.join(root, 'lab/fork/starter/docs/recipes.md'), 'utf8'));
  for (const recipe of recipes) {
    await applyRecipe(target, recipe);
    await command(target, process.execPath, ['grafana/source/render.ts']);
    await command(target, process.execPath, ['deploy/source/render.ts']);
    problems.push(...(await checkedQuickly(recipe.title, target)));
    process.stdout.write(`recipe "${recipe.title}": ${recipe.changes.map(({ file }) => file).join(', ')}\n`);
  }
  const vitest = path.join(root, 'node_modules/.bin/vitest');
  problems.push(...(await checked('recipes', target, [vitest, 'run', 'test'])));
  return problems;
}

async function checkedQuickly(title: string, target: string): Promise<string[]> {
  const bin = (name: string) => path.join(root, 'node_modules/.bin', name);
  return [
    ...(await checked(title, target, [bin('tsc')])),
    ...(await checked(title, target, [bin('oxlint'), '--deny-warnings'])),
    ...(await checked(title, target, [bin('knip'), '--exclude', 'exports,types'])),
  ];
}

async function checked(
  title: string,
  folder: string,
  [program = '', ...args]: readonly string[],
): Promise<string[]> {
  const watch = stopwatch();
  const called = [path.basename(program), ...args].join(' ');
  try {
    await command(folder, program, args);
    process.stdout.write(`${title}: ${called} passes, ${seconds(watch())}\n`);
    return [];
  } catch (error) {
    return [`${title}: ${called}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** @throws an error with all of its output */
async function command(folder: string, program: string, args: readonly string[]): Promise<string> {
  // What npm tells its scripts would confuse an npm inside of them.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:npm_|VITEST|NODE_ENV)/.test(name)),
  );
  try {
    const { stdout } = await run(program, args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
