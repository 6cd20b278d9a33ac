import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeFork } from './fork.ts';
import { forkNames } from './names.ts';
import { applyRecipe, readRecipes } from './recipes.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fork-recipes-'));
const fresh = path.join(folder, 'fresh');
beforeAll(async () => {
  const names = forkNames({ name: 'frontdesk', resource: 'booking' });
  await makeFork(fresh, {
    names,
    without: ['console', 'kubernetes', 'traffic'],
    license: 'UNLICENSED',
    holder: '',
  });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }), 60_000);

const page = readFileSync('lab/fork/starter/docs/recipes.md', 'utf8');
const recipes = readRecipes(page);

/** The recipes that one says it follows. */
const before = (title: string) => {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${title}\n`)) ?? '';
  return recipes.filter((other) => section.includes(`follows [${other.title}](#`));
};

test.each(recipes)(
  'the recipe "$title" fits a fresh fork after those alone that it follows',
  { timeout: 60_000 },
  async (recipe) => {
    const target = path.join(folder, 'fork');
    rmSync(target, { recursive: true, force: true });
    cpSync(fresh, target, { recursive: true });
    symlinkSync(path.resolve('node_modules'), path.join(target, 'node_modules'));
    for (const each of [...before(recipe.title), recipe]) await applyRecipe(target, each);
    expect(() => execFileSync('node_modules/.bin/tsc', { cwd: target, stdio: 'pipe' })).not.toThrow();
  },
);
