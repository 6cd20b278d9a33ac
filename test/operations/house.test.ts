import { existsSync, globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  arrowsOf,
  betweenFolders,
  circle,
  foldersOf,
  importsOf,
  twoWayTies,
  within,
} from '../support/files/import-graph.ts';
import {
  exists,
  pathsInMarkdown,
  pathsInText,
  readAll,
  scriptsIn,
} from '../support/files/path-references.ts';

/** The import rules of ARCHITECTURE.md, and that every path named in documentation and configuration exists. */

const arrows = arrowsOf(['src', 'lab', 'stack']);
const ofService = arrows.filter(({ from }) => from.startsWith('src/'));

test('every relative import resolves to a file', () => {
  expect(arrows.length).toBeGreaterThan(1000);
  expect(arrows.filter(({ to }) => !existsSync(to))).toEqual([]);
});

test('nothing under src/ imports from outside it', () => {
  expect(ofService.filter(({ to }) => !to.startsWith('src/'))).toEqual([]);
});

test('the import graph sees every form of import', () => {
  const planted = `import type { A } from '../../lab/a.ts';
    export { b } from "../../lab/b.ts";
    const c = await import('../../lab/c.ts');
    type D = import('../../lab/d.ts').D;
    import '../../lab/e.ts';`;
  expect(importsOf('src/http/planted.ts', planted).map(({ to }) => to)).toEqual(
    ['a', 'b', 'c', 'd', 'e'].map((name) => `lab/${name}.ts`),
  );
});

test('no two folders of the service import each other', () => {
  expect(twoWayTies(betweenFolders(ofService))).toEqual([]);
});

test.each([...new Set(foldersOf('src'))])(
  'the children of %s import each other without a cycle',
  (folder) => {
    expect(circle(within(folder, ofService)).join(' → ')).toBe('');
  },
);

test('no two programs of lab/ import each other', () => {
  expect(twoWayTies(within('lab', arrows))).toEqual([]);
});

test('every HTTP client whose peer may be behind TLS speaks HTTP/1.1 only', () => {
  // undici 8 negotiates HTTP/2 unless it is told otherwise: https://undici.nodejs.org/#/docs/api/Client
  const clients = globSync(['src/**/*.ts', 'lab/{chaos,console,traffic}/**/*.ts'])
    .filter((file) => !file.endsWith('.test.ts'))
    .map((file) => ({ file, text: readFileSync(file, 'utf8') }))
    .filter(({ text }) =>
      /^import \{[^}]*\b(Agent|Client|Pool|request|fetch)\b[^}]*\} from 'undici'/m.test(text),
    );
  expect(clients.length).toBeGreaterThan(5);
  const unbound = clients.filter(({ text }) => !/allowH2: false|dispatcher: overHttp1/.test(text));
  expect(unbound.map(({ file }) => file)).toEqual([]);
});

test('the import graph has no cycle, types included', () => {
  expect(circle(arrows).join(' → ')).toBe('');
});

// Pages of the starter name files of a fork.
const markdown = readAll(['**/*.md', '.github/**/*.md']).filter(
  ({ file }) => !file.startsWith('lab/fork/starter/'),
);
const configuration = readAll([
  'docker-compose.yml',
  '{.,otel-collector}/Dockerfile',
  'knip.json',
  'vitest*.config.ts',
  'package.json',
  'tsconfig.json',
  '{.github,.devcontainer,.vscode}/**/*.{yml,yaml,json}',
]);

test('every path named in documentation and configuration exists', () => {
  const references = [
    ...markdown.flatMap(({ file, text }) => pathsInMarkdown(file, text)),
    ...configuration.flatMap(({ file, text }) => pathsInText(file, text)),
  ];
  expect(references.length).toBeGreaterThan(150);
  const missing = references.filter((reference) => !exists(reference));
  expect([...new Set(missing.map(({ file, target }) => `${file}: ${target}`))]).toEqual([]);
});

test('every npm script named in documentation exists', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  const named = markdown.flatMap(({ file, text }) => scriptsIn(file, text));
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter(({ target }) => !(target in scripts))).toEqual([]);
});

test('a path reference is found in every form', () => {
  const text =
    'See [a](gone.md), [b](https://example.com/x.md), `old/place.ts`, `application/json` and `src/*/gone.ts`.';
  expect(pathsInMarkdown('docs/planted.md', text).map(({ target }) => target)).toEqual([
    'docs/gone.md',
    'old/place.ts',
    'src/*/gone.ts',
  ]);
  const yaml =
    'volumes: ["./stack/gone.cfg:/etc/x/y.cfg:ro"]\ncommand: [node, lab/gone/main.ts]\nuses: actions/checkout@v4';
  expect(pathsInText('planted.yml', yaml).map(({ target }) => target)).toEqual([
    'stack/gone.cfg',
    'lab/gone/main.ts',
  ]);
});
