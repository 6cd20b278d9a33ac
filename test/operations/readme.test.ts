import { existsSync, globSync } from 'node:fs';
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

/** As GitHub makes the anchor of a heading, for headings whose texts differ. */
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

test('docs/api.md describes every problem with its status and its title', () => {
  const rows = Object.values({ ...problems, ...orderProblems }).map(
    ({ code, status, title }) => `| ${status} | \`${code}\` | ${title} |`,
  );
  const page = textOf.get('docs/api.md') ?? '';
  expect(rows.filter((row) => !page.includes(row))).toEqual([]);
  expect(page.match(/^\| \d{3} \| `/gm)).toHaveLength(rows.length);
});

test('docs/commands.md describes every npm script, and no page names one that does not exist', async () => {
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const commands = textOf.get('docs/commands.md') ?? '';
  const undescribed = Object.keys(scripts).filter(
    (name) => !['run ', ''].some((run) => commands.includes(`\`npm ${run}${name}\``)),
  );
  expect(undescribed).toEqual([]);

  const named = [...textOf].flatMap(([page, text]) =>
    [...text.matchAll(/npm run (?:-s )?([a-z]+(?::[a-z]+)?)(?![a-z:…])/g)].map(([, name = '']) => ({
      page,
      name,
    })),
  );
  expect(named.filter(({ name }) => !(name in scripts))).toEqual([]);
});

test('the README names the commands that CI and a newcomer run, on at most 150 lines', () => {
  const readme = textOf.get('README.md') ?? '';
  for (const command of ['npm ci && npm start', 'docker compose up', 'npm test'])
    expect(readme).toContain(command);
  expect(readme.trimEnd().split('\n').length).toBeLessThanOrEqual(150);
});

test('every relative link of a page leads to a file, and every anchor to a heading', async () => {
  const broken: string[] = [];
  for (const [page, text] of textOf) {
    const prose = text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
    for (const [, link = ''] of prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      const found = textOf.get(target) ?? (await readFile(target, 'utf8').catch(() => undefined));
      if (found === undefined || (anchor !== undefined && !anchorsOf(found).includes(anchor)))
        broken.push(`${page} → ${link}`);
    }
  }
  expect(broken).toEqual([]);
});

test('every path that a page names exists', () => {
  const missing: string[] = [];
  for (const [page, text] of textOf) {
    for (const [, named = ''] of text.matchAll(/`((?:[\w.{},*-]+\/)+[\w.{},*-]*)`/g)) {
      const [folder = ''] = named.split('/');
      // Written to by a program, and not there before.
      const generated = skipped.has(folder);
      if (!generated && existsSync(folder) && globSync(named).length === 0) missing.push(`${page}: ${named}`);
    }
  }
  expect(missing).toEqual([]);
});

test('a folder of the top level says in a README what stands in it', async () => {
  const entries = await readdir('.', { withFileTypes: true });
  const folders = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && !skipped.has(entry.name))
    .map(({ name }) => name);
  expect(folders.filter((name) => !textOf.has(path.join(name, 'README.md')))).toEqual([]);
});
