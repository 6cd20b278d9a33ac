import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { configurationPage } from '../../scripts/configuration-page.ts';

test('docs/configuration.md is what `npm run docs` writes', async () => {
  expect(await readFile('docs/configuration.md', 'utf8')).toBe(configurationPage());
});

test('every npm script that the README names exists', async () => {
  const readme = await readFile('README.md', 'utf8');
  const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
    scripts: Record<string, string>;
  };
  const named = [...readme.matchAll(/npm (?:run )?((?:[a-z]+:)?[a-z]+)/g)].map(([, name = '']) => name);
  const ofNpm = new Set(['ci', 'run', 'and', 'packages', 'prints', 'itself', 'scripts']);
  const missing = named.filter((name) => !ofNpm.has(name) && !(name in scripts));
  expect(missing).toEqual([]);
});
