import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** One import of one module, types included. Paths are relative to the root. */
export interface Arrow {
  from: string;
  to: string;
}

/** Static and dynamic imports, re-exports, and types written as `import('…')`, all relative. */
const specifier = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.{1,2}\/[^'"$]+)['"]/g;

/** Every import between the TypeScript files of the folders, without tests. */
export function arrowsOf(folders: readonly string[]): Arrow[] {
  return (
    folders
      .flatMap((folder) => globSync(`${folder}/**/*.ts`))
      // The starter of a fork is complete only in a fork, where it is checked.
      .filter((file) => !file.endsWith('.test.ts') && !file.startsWith('lab/fork/starter/'))
      .flatMap((from) => importsOf(from, readFileSync(from, 'utf8')))
  );
}

export function importsOf(from: string, text: string): Arrow[] {
  return [...text.matchAll(specifier)].map(([, target = '']) => ({
    from,
    // The console's page imports the .js that the browser loads.
    to: path.join(path.dirname(from), target).replace(/\.js$/, '.ts'),
  }));
}

/** The files that a program loads: its entries and everything that they import, directly or indirectly. */
export function closureOf(entries: readonly string[]): string[] {
  const found = new Set(entries);
  // A set iterates over members that are added on the way.
  for (const file of found) {
    if (!existsSync(file)) continue;
    for (const { to } of importsOf(file, readFileSync(file, 'utf8'))) found.add(to);
  }
  return [...found];
}

/** Imports between the direct children of `folder`, each of which stands for everything inside it. */
export function within(folder: string, arrows: readonly Arrow[]): Arrow[] {
  const childOf = (file: string) =>
    file.startsWith(`${folder}/`) ? file.slice(folder.length + 1).split('/')[0] : undefined;
  return arrows.flatMap(({ from, to }) => {
    const [a, b] = [childOf(from), childOf(to)];
    return a !== undefined && b !== undefined && a !== b ? [{ from: a, to: b }] : [];
  });
}

/** Imports between folders, each file standing for the folder that holds it. */
export function betweenFolders(arrows: readonly Arrow[]): Arrow[] {
  return arrows
    .map(({ from, to }) => ({ from: path.dirname(from), to: path.dirname(to) }))
    .filter(({ from, to }) => from !== to);
}

/** Pairs that import each other. A folder and its own subfolder are not a pair. */
export function twoWayTies(arrows: readonly Arrow[]): string[] {
  const known = new Set(arrows.map(({ from, to }) => `${from} → ${to}`));
  return [...known].filter((arrow) => {
    const [from = '', to = ''] = arrow.split(' → ');
    return from < to && !to.startsWith(`${from}/`) && known.has(`${to} → ${from}`);
  });
}

/** The first import cycle, as a path that ends where it began; empty if there is none. */
export function circle(arrows: readonly Arrow[]): string[] {
  const next = Map.groupBy(arrows, ({ from }) => from);
  const done = new Set<string>();
  const visit = (node: string, trail: readonly string[]): string[] => {
    const before = trail.indexOf(node);
    if (before >= 0) return [...trail.slice(before), node];
    if (done.has(node)) return [];
    for (const { to } of next.get(node) ?? []) {
      const found = visit(to, [...trail, node]);
      if (found.length > 0) return found;
    }
    done.add(node);
    return [];
  };
  for (const node of next.keys()) {
    const found = visit(node, []);
    if (found.length > 0) return found;
  }
  return [];
}

/** Every folder with code at or below `folder`, with its parents. */
export function foldersOf(folder: string): string[] {
  return [...new Set(globSync(`${folder}/**/*.ts`).map((file) => path.dirname(file)))].flatMap((each) =>
    each.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/')),
  );
}
