import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findHaProxy } from '../harness/haproxy.ts';
import { makeFork } from './fork.ts';
import { forkNames } from './names.ts';
import { parts } from './parts.ts';
import { applyRecipe, readRecipes } from './recipes.ts';
import { remove, replace, withoutBlock } from './edits.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fork-'));
// Thousands of files, on a disk that others use.
afterAll(() => rmSync(folder, { recursive: true }), 60_000);

const names = forkNames({ name: 'front-desk', resource: 'reservation' });
const options = { names, without: [], license: 'UNLICENSED', holder: '' } as const;

/** What a fork is checked with, by the programs of this repository. */
function check(target: string, ...programs: readonly string[]): void {
  const modules = path.join(target, 'node_modules');
  if (!existsSync(modules)) symlinkSync(path.resolve('node_modules'), modules);
  for (const line of programs) {
    const [program = '', ...args] = line.split(' ');
    try {
      execFileSync(path.join(modules, '.bin', program), args, { cwd: target, stdio: 'pipe' });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
      throw new Error(`${line}:\n${String(stdout)}${String(stderr)}`, { cause: error });
    }
  }
}

const unused = 'knip --exclude exports,types';

/** Without those that run promtool and helm, which `npm run test:fork` does. */
const testsOfFiles = `vitest run --project unit test/operations -t ^(?!.*(?:the.alerts.fire|the.chart.renders))`;

/** The lines of every file of a fork, and the names of the files. */
function linesOf(target: string): Array<{ file: string; line: string }> {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: target, encoding: 'utf8' }).split('\0');
  const files = tracked.filter(Boolean);
  expect(files.length).toBeGreaterThan(150);
  return files.flatMap((file) =>
    `${file}\n${readFileSync(path.join(target, file), 'utf8')}`
      .split('\n')
      .map((line) => ({ file, line: line.trim() })),
  );
}

/** Lines of a fork that speak of this repository's domain, its benchmarks or the starter. */
function leftIn(target: string): string[] {
  const sequence =
    /order by|in (?:reverse )?order\b|(?:the|any|their|this|its|of|ascending|chronological) order\b|order: 'ipv4first'|paint-order/gi;
  // A fork has a benchmark and experiments of its own.
  const own = existsSync(path.join(target, 'lab/bench'))
    ? /npm run (?:bench\b(?!:)|chaos)|lab\/bench[\w/.-]*|"bench": /g
    : /(?!)/g;
  return linesOf(target)
    .filter(
      ({ file }) =>
        !/^(?:NOTICE|\.fork\.json|package-lock\.json|src\/privacy\/.*|test\/operations\/fixtures\/.*)$/.test(
          file,
        ),
    )
    .filter(({ file, line }) =>
      /\borders?\b|order_|payment|\btea\b|bench|\bbookings?\b|frontdesk|stack:native|npm run chaos/i.test(
        line.replaceAll(sequence, '').replaceAll(file.startsWith('lab/bench/') ? /bench/gi : own, ''),
      ),
    )
    .map(({ file, line }) => `${file}: ${line}`);
}

/** Lines of a fork without Redis, admission control, instrumentation and worker that speak of them. */
function partedWordsIn(target: string): string[] {
  const words =
    /[Rr]edis(?!patch)|REDIS|[Vv]alkey|VALKEY|[Aa]dmission|ADMISSION|RequestsShed|makeSpans|auto-instr|TELEMETRY_INSTR|settlementV|due_at|`overloaded|str overloaded|queue_timeout/;
  return linesOf(target)
    .filter(({ file }) => !/^(?:package-lock\.json|NOTICE|\.fork\.json|src\/.*\.test\.ts)$/.test(file))
    .filter(({ line }) => words.test(line))
    .map(({ file, line }) => `${file}: ${line}`);
}

/** Pages, files and scripts that the pages and the configuration of a fork name, and that it does not have. */
function missingIn(target: string): string[] {
  const scripts = Object.keys(
    (JSON.parse(readFileSync(path.join(target, 'package.json'), 'utf8')) as { scripts: object }).scripts,
  );
  const pages = globSync('{*.md,docs/**/*.md,deploy/*.md}', { cwd: target });
  const inConfiguration = linesOf(target)
    .filter(({ file }) => /\.(?:ya?ml|cfg|tpl)$/.test(file))
    .flatMap(({ file, line }) =>
      (line.match(/\b(?:docs|deploy|lab|src|stack|test)\/[\w./-]+\.\w+/g) ?? [])
        .filter((named) => !existsSync(path.join(target, named)))
        .map((named) => `${file}: ${named}`),
    );
  const inPages = pages.flatMap((file) => {
    // A recipe links from the file that it changes.
    const text = readFileSync(path.join(target, file), 'utf8').replaceAll(/^(`{3,})diff\n[^]*?^\1$/gm, '');
    return [
      ...[...text.matchAll(/\]\(((?!\w+:)[^)\s#]+)/g)]
        .map(([, link = '']) => path.join(path.dirname(file), link))
        .concat([...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]*)`/g)].map(([, named = '']) => named))
        .filter((named) => !/^(?:application|text)\//.test(named))
        .filter(
          (named) =>
            !existsSync(path.join(target, named)) &&
            !existsSync(path.join(target, path.dirname(file), named)),
        ),
      ...[...text.matchAll(/\bnpm run (?:-s )?([\w:]+)/g)]
        .map(([, script = '']) => script)
        .filter((script) => !scripts.includes(script)),
    ].map((missing) => `${file}: ${missing}`);
  });
  return [...inConfiguration, ...inPages];
}

describe('a fork', { timeout: 300_000 }, () => {
  test('a fork without its parts has one commit, no word of them, and with its recipes it compiles and has no unused file or package', async () => {
    const target = path.join(folder, 'least');
    // With a name of many letters the formatter breaks most lines.
    const long = forkNames({ name: 'front-desk', resource: 'interdepartmentalreservation' });
    await makeFork(target, { ...options, names: long, without: Object.keys(parts) });
    const commits = execFileSync('git', ['rev-list', '--count', 'HEAD'], { cwd: target, encoding: 'utf8' });
    expect(commits.trim()).toBe('1');
    // Whoever may read another new folder of its maker may read it.
    expect(statSync(target).mode).toBe(statSync(path.join(target, 'src')).mode);
    expect(leftIn(target)).toEqual([]);
    expect(partedWordsIn(target)).toEqual([]);
    expect(missingIn(target)).toEqual([]);
    expect(globSync('{docker-compose.yml,deploy,Dockerfile,.github,grafana}', { cwd: target })).toEqual([]);
    const recipes = readRecipes(readFileSync(path.join(target, 'docs/recipes.md'), 'utf8'));
    expect(recipes.length).toBe(6);
    for (const recipe of recipes) await applyRecipe(target, recipe);
    check(target, 'tsc', unused);
  });

  test('no word of orders, payments, tea or benchmarks is left in a fork with all parts', async () => {
    const target = path.join(folder, 'whole');
    await makeFork(target, options);
    expect(leftIn(target)).toEqual([]);
    expect(missingIn(target)).toEqual([]);
    const compose = readFileSync(path.join(target, 'docker-compose.yml'), 'utf8');
    expect(compose).toContain('postgres://front_desk:front_desk@postgres:5432/front_desk');
  });

  test('every recipe fits a fork, which then compiles and passes the linter and the tests of its alerts, dashboards, containers and chart', async () => {
    const target = path.join(folder, 'recipes');
    await makeFork(target, { ...options, names: forkNames({ name: 'frontdesk', resource: 'booking' }) });
    const recipes = readRecipes(readFileSync('lab/fork/starter/docs/recipes.md', 'utf8'));
    expect(recipes.map(({ title }) => title)).toEqual([
      'A variable',
      'An error code',
      'A route',
      'A metric with its panel and its alert',
      'A field, with its migration',
      'A dependency',
    ]);
    for (const recipe of recipes) await applyRecipe(target, recipe);
    check(target, 'tsc', 'tsc -p lab/console/page', unused, 'oxlint --deny-warnings');
    execFileSync(process.execPath, ['grafana/source/render.ts'], { cwd: target });
    execFileSync(process.execPath, ['deploy/source/render.ts'], { cwd: target });
    check(target, testsOfFiles);
  });

  test('a fork with the stack and without Redis, admission control, instrumentation, worker and traffic has no word of them, and passes the tests of its alerts, dashboards, containers and chart', async () => {
    const target = path.join(folder, 'lean');
    await makeFork(target, {
      ...options,
      without: ['redis', 'admission', 'auto-instrumentation', 'worker', 'traffic'],
    });
    expect(partedWordsIn(target)).toEqual([]);
    expect(missingIn(target)).toEqual([]);
    check(target, 'tsc', 'tsc -p lab/console/page', testsOfFiles);
    const haproxy = findHaProxy();
    if (haproxy !== undefined)
      execFileSync(haproxy, ['-c', '-f', 'stack/haproxy/haproxy.cfg'], { cwd: target, stdio: 'pipe' });
  });

  test('the commands of the documentation bring a later version of the core into a fork, and its own changes stay', async () => {
    const fork = path.join(folder, 'frontdesk');
    const later = path.join(folder, 'later');
    await makeFork(fork, { ...options, license: 'MIT', holder: 'A. Person', without: Object.keys(parts) });
    const git = (target: string, ...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@localhost', ...args], { cwd: target });
    const append = (file: string, text: string) => appendFileSync(file, `\n// ${text}\n`);
    append(path.join(fork, 'src/reservations/reservation.ts'), 'Ours.');
    append(path.join(fork, 'src/health.ts'), 'Of the core, and ours.');
    git(fork, 'commit', '--quiet', '--all', '--message', 'ours');

    const page = readFileSync('docs/forking.md', 'utf8');
    const [, block = ''] = /^## Later changes[^]*?^```sh\n([^]*?)^```$/m.exec(page) ?? [];
    const commands = block.replaceAll('../later', later).replaceAll('../frontdesk', fork).split('\n\n');
    const shell = (script = '') =>
      execFileSync(
        'sh',
        ['-e', '-c', `git() { command git -c user.name=a -c user.email=a@localhost "$@"; }\n${script}`],
        {
          stdio: 'pipe',
        },
      );
    for (const round of ['first', 'second']) {
      shell(commands[0]?.replace('npm run fork --', 'node lab/fork/main.ts'));
      append(path.join(later, 'src/reservations/reservation-store.ts'), `Later, ${round}.`);
      append(path.join(later, 'src/errors.ts'), `Later, ${round}.`);
      git(later, 'commit', '--quiet', '--all', '--amend', '--no-edit');
      shell(commands[1]);
      expect(existsSync(later)).toBe(false);
      expect(readFileSync(path.join(fork, 'src/errors.ts'), 'utf8')).toMatch(`Later, ${round}.\n`);
    }
    expect(readFileSync(path.join(fork, 'src/health.ts'), 'utf8')).toContain('Of the core, and ours.');
    expect(readFileSync(path.join(fork, 'src/reservations/reservation.ts'), 'utf8')).toContain('Ours.');
    expect(readFileSync(path.join(fork, 'LICENSE'), 'utf8')).toContain('A. Person');
    expect(git(fork, 'status', '--porcelain').toString()).toBe('');
  });

  test('a fork is not written into a folder that is not empty, and nothing is left of the try', async () => {
    const full = path.join(folder, 'full');
    mkdirSync(full);
    writeFileSync(path.join(full, 'mine.txt'), 'mine');
    await expect(makeFork(full, options)).rejects.toThrow(`${full} is not empty`);
    await expect(makeFork(path.join(folder, 'x'), { ...options, without: ['nothing'] })).rejects.toThrow(
      'There is no part "nothing"',
    );
    expect(globSync('*', { cwd: full })).toEqual(['mine.txt']);
    expect(existsSync(path.join(folder, 'x'))).toBe(false);
  });
});

test.each([
  [{ name: 'Front Desk', resource: 'reservation' }, 'The name "Front Desk" will not do'],
  [{ name: 'büro', resource: 'seat' }, 'up to 40 lower-case letters from a to z,'],
  [{ name: 'desk', resource: 'table' }, 'is a reserved word of SQL'],
  [{ name: 'desk', resource: 'seat-2' }, 'The resource "seat-2" will not do'],
  [{ name: 'desk', resource: 'müll' }, '2 to 30 lower-case letters from a to z,'],
  [{ name: 'desk', resource: 'child' }, 'say --plural, such as --plural children.'],
  [{ name: 'desk', resource: 'bookings' }, 'or it is one already: say --plural'],
  [{ name: 'desk', resource: 'class' }, 'is a reserved word of TypeScript'],
  [{ name: 'desk', resource: 'status' }, 'already names a part of the service'],
  [{ name: 'postgres', resource: 'seat' }, 'already names a container of the stack'],
])('the names %j are refused in one line', (given, message) => {
  expect(() => forkNames(given)).toThrow(message);
});

test('a plural follows the rule, or is the one that is given', () => {
  expect(forkNames({ name: 'a', resource: 'delivery' }).plural).toBe('deliveries');
  expect(forkNames({ name: 'a', resource: 'child', plural: 'children' }).plural).toBe('children');
});

describe('an edit of a file for a fork', () => {
  const yaml = `services:
  # The first.
  # It has two lines.
  one:
    image: a

  two:
    image: b
    depends_on:
      one: { condition: healthy }
`;

  test('a block goes with its comment, and what only names it stays', () => {
    expect(withoutBlock('one:')(yaml)).toBe(`services:
  two:
    image: b
    depends_on:
      one: { condition: healthy }
`);
  });

  test('a block of code goes with the line that closes it', () => {
    const code = "first();\n\ntest('a', () => {\n  second();\n});\n\nthird();\n";
    expect(withoutBlock("test('a'")(code)).toBe('first();\n\nthird();\n');
  });

  test('a text replaces another one as it is, and an edit that finds nothing is an error', () => {
    expect(replace('b', '$&$1')('abc')).toBe('a$&$1c');
    expect(() => remove('nothing')(yaml)).toThrow('nothing matches nothing');
    expect(() => withoutBlock('three:')(yaml)).toThrow('no block begins with three:');
  });
});
