import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { costOfParts, rowsOf, tableIn } from './cost.ts';

const page = readFileSync('docs/forking.md', 'utf8');
const number = (cell = '') => Number(cell.replaceAll(',', ''));

test('the table of parts says what each part adds in files and npm packages', {
  timeout: 60_000,
}, async () => {
  const rows = rowsOf(tableIn(page));
  const { parts, rest } = await costOfParts();
  expect([...rows.keys()]).toEqual([...parts.keys(), 'what stays']);
  const told = [...parts.keys()].map((name) => {
    const [, files, , packages] = rows.get(name) ?? [];
    return [name, number(files), number(packages)];
  });
  expect(told, 'npm run test:fork -- --table writes it').toEqual(
    [...parts].map(([name, { files, packages }]) => [name, files, packages]),
  );
  // Every new file of the core changes the sum.
  const [, files, , packages] = rows.get('what stays') ?? [];
  expect(Math.abs(number(files) / rest.files - 1)).toBeLessThan(0.1);
  expect(Math.abs(number(packages) / rest.packages - 1)).toBeLessThan(0.1);
});

const starter = 'lab/fork/starter';

test('the table of the domain has every file of a fork outside the folder of the domain', () => {
  const files = globSync('src/**/*.ts', { cwd: starter })
    .filter((file) => !/^src\/(?:bookings|upstream)\//.test(file))
    // Of the dependency and the worker, whatever the resource is.
    .filter((file) => !/\/(?:upstream-config|settlement-config|observers\/upstream)\.ts$/.test(file))
    .toSorted();
  const section = page.slice(page.indexOf("## What is the domain's"), page.indexOf('## Recipes'));
  const told = [...section.matchAll(/^\| \[.*?\]\(\.\.\/lab\/fork\/starter\/(.+?)\) \|/gm)].map(
    ([, file = '']) => file,
  );
  expect(told.toSorted()).toEqual(files);
  const naming = files.filter((file) =>
    /(?<![a-z])bookings?(?![a-z])|booking[A-Z]/i.test(readFileSync(path.join(starter, file), 'utf8')),
  );
  expect([files.length, naming.length]).toEqual([3, 2]);
});

test('the domain of a fork has fewer than 600 lines of code', () => {
  const lines = globSync('src/bookings/*.ts', { cwd: starter })
    .map((file) => readFileSync(path.join(starter, file), 'utf8'))
    // SQL is not counted, nor are comments and blank lines.
    .map((text) => text.replaceAll(/\/\*[^]*?\*\/|^ *\/\/.*$|(?<=`\n)[^`]*(?=`)/gm, ''))
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.trim() !== '');
  expect(lines.length).toBeGreaterThan(400);
  expect(lines.length).toBeLessThan(600);
});
