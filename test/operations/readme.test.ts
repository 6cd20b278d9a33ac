import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { configurationPage } from '../../scripts/configuration-page.ts';
import { problems } from '../../src/http/problem-details.ts';
import { orderProblems } from '../../src/orders/api/order-problems.ts';

const skipped = new Set(['node_modules', '.git', '.data', 'coverage']);
const pages = await pagesUnder('.');
const textOf = new Map(
  await Promise.all(pages.map(async (page) => [page, await readFile(page, 'utf8')] as const)),
);

async function pagesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = entries
    .filter(({ name }) => !skipped.has(name))
    .map(async (entry) => {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) return pagesUnder(name);
      return name.endsWith('.md') ? [name] : [];
    });
  return (await Promise.all(found)).flat();
}

/** The anchor that GitHub gives a heading, unless an earlier heading has the same text. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

test('docs/configuration.md is what `npm run docs` writes', async () => {
  expect(await readFile('docs/configuration.md', 'utf8')).toBe(configurationPage());
});

test('docs/api.md describes every problem with its status, its title and what to do', () => {
  const rows = Object.values({ ...problems, ...orderProblems }).map(
    ({ code, status, title, advice }) => `| ${status} | \`${code}\` | ${title} | ${advice} |`,
  );
  const page = textOf.get('docs/api.md') ?? '';
  expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  expect(page.match(/^\| \d{3} \| `/gm)).toHaveLength(rows.length);
});

test('docs/commands.md describes every npm script', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const commands = textOf.get('docs/commands.md') ?? '';
  const undescribed = Object.keys(scripts).filter(
    (name) =>
      name !== 'postinstall' && !['run ', ''].some((run) => commands.includes(`\`npm ${run}${name}\``)),
  );
  expect(undescribed).toEqual([]);
});

test('the README names the commands that CI and a newcomer run, on at most 150 lines', () => {
  const readme = textOf.get('README.md') ?? '';
  for (const command of ['npm ci && npm start', 'docker compose up', 'npm test'])
    expect(readme).toContain(command);
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('every link to a heading leads to an existing one', () => {
  const broken: string[] = [];
  let links = 0;
  for (const [page, text] of textOf) {
    for (const [, file = '', anchor = ''] of text.matchAll(/\]\((?!https?:)([^)\s#]*)#([^)\s]+)\)/g)) {
      links += 1;
      const target = file === '' ? page : path.join(path.dirname(page), file);
      if (!anchorsOf(textOf.get(target) ?? '').includes(anchor)) broken.push(`${page} → ${file}#${anchor}`);
    }
  }
  expect(links).toBeGreaterThan(10);
  expect(broken).toEqual([]);
});

test('every top-level folder has a README', async () => {
  const entries = await readdir('.', { withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !skipped.has(entry.name))
    .map(({ name }) => name);
  expect(folders.filter((name) => !textOf.has(path.join(name, 'README.md')))).toEqual([]);
});

test('CHANGELOG.md has each kind of change once for each version', () => {
  const [, ...versions] = (textOf.get('CHANGELOG.md') ?? '').split(/^## /m);
  const kinds = versions.map((text) => [...text.matchAll(/^### (.+)$/gm)].map(([, kind]) => kind));
  expect(kinds.length).toBeGreaterThan(0);
  for (const each of kinds) expect(each).toEqual([...new Set(each)]);
});
