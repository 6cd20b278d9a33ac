import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A recipe of lab/fork/starter/docs/recipes.md: what it changes, as blocks in the form of a diff. */
export interface Recipe {
  title: string;
  changes: ReadonlyArray<{ file: string; hunk: string }>;
}

/** Reads the recipes of a page: every heading of the second level with `diff` blocks, whose first line names a file after `+++`. */
export function readRecipes(page: string): Recipe[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map((section) => ({
      title: section.slice(0, section.indexOf('\n')),
      changes: [
        ...section.matchAll(/^(?<fence>`{3,})diff\n\+\+\+ (?<file>\S+)\n(?<hunk>[^]*?)^\k<fence>$/gm),
      ].map(({ groups: { file = '', hunk = '' } = {} }) => ({ file, hunk })),
    }))
    .filter(({ changes }) => changes.length > 0);
}

/**
 * Applies a recipe to a fork. A hunk without lines of the file is a new file; otherwise those lines must stand there, once.
 *
 * @throws an error that names the recipe, the file and the lines that are not there
 */
export async function applyRecipe(folder: string, { title, changes }: Recipe): Promise<void> {
  for (const { file, hunk } of changes) {
    const lines = hunk.split('\n').slice(0, -1);
    const before = linesOf(lines, '-');
    const after = linesOf(lines, '+');
    const place = path.join(folder, file);
    if (before === '') {
      await mkdir(path.dirname(place), { recursive: true });
      await writeFile(place, after);
      continue;
    }
    // A line begins after another one, so that lines match as a whole.
    const text = `\n${await readFile(place, 'utf8')}`;
    const [first = '', second, ...more] = text.split(`\n${before}`);
    if (second === undefined || more.length > 0)
      throw new Error(`"${title}" does not fit ${file}, which has not exactly once:\n${before}`);
    await writeFile(place, `${first}\n${after}${second}`.slice(1));
  }
}

/** The lines of one side. A blank line may have lost the space that begins it. */
function linesOf(lines: readonly string[], side: '+' | '-'): string {
  return lines
    .filter((line) => line === '' || line.startsWith(' ') || line.startsWith(side))
    .map((line) => `${line.slice(1)}\n`)
    .join('');
}
