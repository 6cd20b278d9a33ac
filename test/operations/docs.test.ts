import { globSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseExposition } from '../../lab/harness/exposition.ts';
import { programs as neededPrograms } from '../../lab/harness/programs.ts';
import { parse } from 'yaml';
import { sdkNames } from '../../src/config/sdk-variables.ts';
import { createMetrics } from '../../src/telemetry/metrics/metrics.ts';
import { optionsOfScripts } from '../support/files/shown-commands.ts';
import { readDashboards } from '../support/files/observability-as-code.ts';
import { readAll } from '../support/files/path-references.ts';

/** What the pages say about commands, folders and each other, held against what is there. */

// Pages of the starter show commands of a fork.
const pages = readAll(['**/*.md']).filter(({ file }) => !file.startsWith('lab/fork/starter/'));
const textOf = (page: string) => readFileSync(page, 'utf8');
const foldersIn = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

const shown = optionsOfScripts(pages);

test('options are found in blocks and in sentences, over line breaks, up to a comment', () => {
  const text =
    'Run `npm run chaos -- --list`.\n```sh\nnpm run chaos -- one --url a \\\n  --json # --not\nnpm run logs -- - --once && npm run x\n```';
  expect([...optionsOfScripts([{ file: 'planted.md', text }])]).toEqual([
    ['chaos', ['--list', '--url', '--json']],
    ['logs', ['--once']],
  ]);
});

const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

/** The program of an npm script, with the files in which options may be read. Starting each would take seconds. */
function sourceOf(script: string): string {
  const [, file = ''] = /\bnode (?:--\S+ )*(\S+\.ts)/.exec(scripts[script] ?? '') ?? [];
  const folder = path.dirname(file);
  return globSync([file, `${folder}/{options,arguments}.ts`, `${folder}/../shared/options.ts`])
    .map(textOf)
    .join('\n');
}

const takes = (source: string, option: string): boolean =>
  new RegExp(`(?:^ +|[{,] )'?${option.slice(2)}'?: \\{ type: `, 'm').test(source);

test.each([...shown])(
  'npm run %s takes each option that a page shows, and prints it with --help',
  (script, options) => {
    const source = sourceOf(script);
    expect(options.filter((option) => !takes(source, option) || !source.includes(option))).toEqual([]);
  },
);

test('every program that takes options takes --help', () => {
  const programs = Object.keys(scripts).filter((script) => /\bparseArgs\(\{/.test(sourceOf(script)));
  expect(programs.length).toBeGreaterThan(20);
  expect(programs.filter((script) => !takes(sourceOf(script), '--help'))).toEqual([]);
});

test('the index of the documentation leads to every page', () => {
  const index = textOf('docs/README.md');
  const links = index.matchAll(/\]\(([^)#]+)/g);
  const linked = new Set([...links].map(([, target = '']) => path.join('docs', target)));
  // Alerts, experiments and benchmarks have pages of their own, in folders.
  const found = globSync(['docs/*.md', 'docs/database/*.md']).filter((page) => page !== 'docs/README.md');
  expect(found.length).toBeGreaterThan(20);
  expect(found.filter((page) => !linked.has(page))).toEqual([]);
});

test('the README of a folder of folders names each, and so does ARCHITECTURE.md', () => {
  const unnamed = ['lab', 'test'].flatMap((folder) => {
    const readme = textOf(path.join(folder, 'README.md'));
    return foldersIn(folder)
      .filter((name) => !readme.includes(`\`${name}/\``))
      .map((name) => `${folder}/${name}`);
  });
  expect(unnamed).toEqual([]);
  const architecture = textOf('ARCHITECTURE.md');
  const untold = ['src', 'lab', 'test'].flatMap((folder) =>
    foldersIn(folder)
      .filter((name) => !new RegExp(`\`${name}/?\``).test(architecture))
      .map((name) => `${folder}/${name}`),
  );
  expect(untold).toEqual([]);
});

test('the README names each program that tests are skipped without', () => {
  const readme = textOf('README.md');
  expect(neededPrograms.map(({ name }) => name).filter((name) => !readme.includes(`\`${name}\``))).toEqual(
    [],
  );
});

test('a panel that a page sends its reader to is on the dashboard that it names', async () => {
  const panels = new Map(
    (await readDashboards()).map(({ uid, panels: shownThere }) => [
      uid,
      shownThere.map(({ title }) => title),
    ]),
  );
  const named = pages.flatMap(({ file, text }) =>
    text.split('\n\n').flatMap((paragraph) => {
      const dashboards = [...paragraph.matchAll(/:7074\/d\/([\w-]+)/g)].map(([, uid = '']) => uid);
      if (dashboards.length === 0) return [];
      const titles = [...paragraph.matchAll(/(?<!\w)_([A-Z][^_`]+)_(?!\w)/g)];
      return titles.map(([, title = '']) => ({ file, dashboards, title: title.replaceAll('\n', ' ') }));
    }),
  );
  expect(named.length).toBeGreaterThan(20);
  const missing = named.filter(
    ({ dashboards, title }) => !dashboards.some((uid) => panels.get(uid)?.includes(title)),
  );
  expect(missing).toEqual([]);
});

test('no page saves an error under the name of the file that it asks for', () => {
  const saving = readAll(['**/*.md']).flatMap(({ file, text }) =>
    [...text.matchAll(/\bcurl (?=.* -(?:\w*O|o (?!\/dev\/null))).*/g)].map(([command]) => [file, command]),
  );
  expect(saving.length).toBeGreaterThan(0);
  expect(saving.filter(([, command = '']) => !/ -\w*f/.test(command))).toEqual([]);
});

/** Of a call such as `logger.error({ event: 'http.defect' })`, or one whose level is not known here, such as `logger[level]`. */
const loggedAtError =
  /\b(?!diag\b)\w+(?:\.(?:error|fatal)|\[(?![^\]\n]*'info')[\w.()]+\])\(\s*\{\s*event: '(?<event>[\w.]+)'/g;

test('the runbook of ErrorsLogged has every event that is logged at level error', () => {
  const sources = globSync('src/**/*.ts', { exclude: ['**/*.test.ts'] }).map(textOf);
  const logged = sources.flatMap((text) =>
    [...text.matchAll(loggedAtError)].map(({ groups }) => groups?.['event']),
  );
  const rows = textOf('docs/runbooks/errors-logged.md').matchAll(/^\| `(?<event>[\w.]+)`/gm);
  expect(new Set([...rows].map(({ groups }) => groups?.['event']))).toEqual(new Set(logged));
});

test.each(['docs/runbooks/event-loop.md', 'lab/fork/starter/docs/runbooks/event-loop.md'])(
  'the process that %s stops is the service, and not what has started it',
  (page) => {
    const pattern = new RegExp(/pgrep -f '(?<pattern>[^']+)'/.exec(textOf(page))?.groups?.['pattern'] ?? '');
    const command = 'node --import ./src/telemetry/sdk.ts src/main.ts';
    const inImage = /^CMD \["(?<words>.*)"\]$/m.exec(textOf('Dockerfile'))?.groups?.['words'];
    expect(inImage?.split('", "').join(' ')).toBe(command);
    const atStart = '/opt/node/bin/node --import /srv/orders/src/telemetry/sdk.ts /srv/orders/src/main.ts';
    expect([command, atStart].filter((each) => !pattern.test(each))).toEqual([]);
    const others = [`/sbin/docker-init -- ${command}`, `sh -c exec ${command}`, 'node lab/simulator/main.ts'];
    expect(others.filter((each) => pattern.test(each))).toEqual([]);
  },
);

test('the runbook of TelemetryDropped has every reason for which telemetry is lost', async () => {
  const lost = parseExposition(await createMetrics().render('text'), 'prometheus').samples.filter(
    ({ name }) => name === 'telemetry_dropped_total',
  );
  expect(lost.length).toBeGreaterThan(5);
  const rows = textOf('docs/runbooks/telemetry-dropped.md').match(/^\| (?:traces|logs|metrics).*/gm) ?? [];
  const missing = lost.filter(
    ({ labels }) =>
      !rows.some((row) => row.includes(`${labels['signal']}`) && row.includes(`\`${labels['reason']}\``)),
  );
  expect(missing).toEqual([]);
});

test('the command that stops the stack stops the containers of every profile', () => {
  const stopping = pages.flatMap(({ file, text }) =>
    [...text.matchAll(/docker compose.* down .*?-v/g)].map(([command]) => ({ file, command })),
  );
  expect(stopping.length).toBeGreaterThan(0);
  expect(stopping.filter(({ command }) => !command.includes("--profile '*'"))).toEqual([]);
});

test('deploy/README.md says at which share of its memory a sampler refuses data', () => {
  const limiter = textOf('deploy/chart/files/collector/sampler.yaml');
  const [limit = NaN, spike = NaN] = ['limit', 'spike_limit'].map((name) =>
    Number(new RegExp(`^    ${name}_percentage: (\\d+)$`, 'm').exec(limiter)?.[1]),
  );
  expect(textOf('deploy/README.md')).toContain(`above ${limit - spike} % of its limit`);
});

test('deploy/README.md creates what values/managed.yaml expects to be there, and names every key of the Secret', () => {
  const page = textOf('deploy/README.md');
  const claim = /existingClaim: (\S+)/.exec(textOf('deploy/values/managed.yaml'))?.[1];
  expect(page).toContain(`kind: PersistentVolumeClaim\nmetadata: { name: ${claim} }`);
  const keys = [...textOf('deploy/chart/values.yaml').matchAll(/^# {3}([A-Z_]+) /gm)].map(([, key]) => key);
  expect(keys.length).toBeGreaterThan(4);
  expect(keys.filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
});

/** Read by Node, Docker Compose and Testcontainers; said to have no effect; constants of zlib. */
const foreign =
  /^(?:MALLOC_(?:ARENA_MAX|MMAP_THRESHOLD_)|NODE_(?:OPTIONS|EXTRA_CA_CERTS|COMPILE_CACHE|DISABLE_COMPILE_CACHE)|COMPOSE_FILE|TESTCONTAINERS_RYUK_DISABLED|HTTP_PROXY|ALL_PROXY|Z_\w+)$/;

test('every environment variable that a page names is one that a program here reads, or another one that is known', () => {
  const read = globSync(['{src,lab,stack,test}/**/*.{ts,rs}', 'otel-collector/*.yaml'], {
    exclude: ['lab/fork/starter/**'],
  })
    // In TypeScript, in a shell, in Rust and by the Collector.
    .flatMap((file) => textOf(file).match(/(?<=\['|"\$|var(?:_os)?\("|\$\{env:)[A-Z][A-Z\d_]+/g) ?? []);
  const listed = textOf('docs/configuration.md').matchAll(/^\| `([A-Z\d_]+)`/gm);
  const ofTheStack = textOf('.env.example').matchAll(/^([A-Z_]+)=/gm);
  const known = new Set([...read, ...sdkNames, ...[...listed, ...ofTheStack].map(([, name = '']) => name)]);
  const named = pages
    // Its names are codes of errors.
    .filter(({ file }) => file !== 'docs/database/faults.md')
    .flatMap(({ file, text }) =>
      [...text.matchAll(/(?<=`|^|\s)[A-Z][A-Z\d]*(?:_[A-Z\d]+)+(?==\S|`)/gm)].map(([name]) => ({
        file,
        name,
      })),
    );
  expect(named.length).toBeGreaterThan(300);
  expect(named.filter(({ name }) => !known.has(name) && !foreign.test(name))).toEqual([]);
});

test('docs/stack.md has every container with its limit, and every job of Prometheus', () => {
  const page = textOf('docs/stack.md');
  const { services } = parse(textOf('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { mem_limit: string; profiles?: string[] }>;
  };
  const rows = Object.entries(services).filter(([, { profiles }]) => profiles === undefined);
  const limits = rows.map(
    ([name, { mem_limit: limit }]) =>
      new RegExp(`^\\| \`${name}\` \\|.*\\| ${limit.replace('m', '')} MiB(?: each)? \\|$`, 'm'),
  );
  expect(limits.filter((row) => !row.test(page))).toEqual([]);
  const jobs = [...textOf('prometheus/prometheus.yml').matchAll(/job_name: (\S+)/g)];
  expect(jobs.length).toBeGreaterThan(5);
  const [, scraped = ''] = /^## The path of a metric$([^]*?)^\*\*/m.exec(page) ?? [];
  expect(jobs.filter(([, job]) => !scraped.includes(`\n| \`${job}\` |`)).map(([, job]) => job)).toEqual([]);
});
