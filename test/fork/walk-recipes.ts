import { readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { makeFork } from '../../lab/fork/fork.ts';
import { forkNames } from '../../lab/fork/names.ts';
import { applyRecipe, readRecipes } from '../../lab/fork/recipes.ts';
import { binary, checked, checkedQuickly, command, root } from './commands.ts';

/** Every recipe of a fork on that fork, and what its own tests say of it. */
export async function walkRecipes(folder: string): Promise<string[]> {
  const problems: string[] = [];
  const target = path.join(folder, 'recipes');
  await makeFork(target, {
    names: forkNames({ name: 'bookings', resource: 'booking' }),
    without: [],
    license: 'UNLICENSED',
    holder: '',
  });
  await symlink(path.join(root, 'node_modules'), path.join(target, 'node_modules'));
  for (const recipe of readRecipes(await readFile(path.join(target, 'docs/recipes.md'), 'utf8'))) {
    await applyRecipe(target, recipe);
    await command(target, process.execPath, ['grafana/source/render.ts']);
    await command(target, process.execPath, ['deploy/source/render.ts']);
    problems.push(...(await checkedQuickly(recipe.title, target)));
    process.stdout.write(`recipe "${recipe.title}": ${recipe.changes.map(({ file }) => file).join(', ')}\n`);
  }
  problems.push(...(await checked('recipes', target, [binary('vitest'), 'run'])).problems);
  return problems;
}
