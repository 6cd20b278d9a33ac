import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** One module and what it imports, types included. Paths are relative to the root. */
export interface Arrow {
  from: string;
  to: string;
}

/** Relative imports, exports from elsewhere, dynamic imports and types named by `import('…')`. */
const specifier = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.{1,2}\/[^'"$]+)['"]/g;

/** Every import between the TypeScript files of the folders. Tests are no part of the house. */
export function arrowsOf(folders: readonly string[]): Arrow[] {
  return folders
    .flatMap((folder) => globSync(`${folder}/**/*.ts`))
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((from) => importsOf(from, readFileSync(from, 'utf8')));
}

export function importsOf(from: string, text: string): Arrow[] {
  return [...text.matchAll(specifier)].map(([, target = '']) => ({
    from,
    // The console's page imports what the browser loads.
    to: path.join(path.dirname(from), target).replace(/\.js$/, '.ts'),
  }));
}

/** Arrows between the files and folders that stand directly in `folder`, each taken with all that is in it. */
export function within(folder: string, arrows: readonly Arrow[]): Arrow[] {
  const childOf = (file: string) =>
    file.startsWith(`${folder}/`) ? file.slice(folder.length + 1).split('/')[0] : undefined;
  return arrows.flatMap(({ from, to }) => {
    const [a, b] = [childOf(from), childOf(to)];
    return a !== undefined && b !== undefined && a !== b ? [{ from: a, to: b }] : [];
  });
}

/** Arrows between folders, each file taken for the folder that holds it. */
export function betweenFolders(arrows: readonly Arrow[]): Arrow[] {
  return arrows
    .map(({ from, to }) => ({ from: path.dirname(from), to: path.dirname(to) }))
    .filter(({ from, to }) => from !== to);
}

/** Pairs that point at each other. A folder and one inside it are no pair. */
export function twoWayTies(arrows: readonly Arrow[]): string[] {
  const known = new Set(arrows.map(({ from, to }) => `${from} → ${to}`));
  return [...known].filter((arrow) => {
    const [from = '', to = ''] = arrow.split(' → ');
    return from < to && !to.startsWith(`${from}/`) && known.has(`${to} → ${from}`);
  });
}

/** The first circle that is found, as a path that ends where it began; empty where there is none. */
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

/** Every folder below `folder`, itself included, that holds code. */
export function foldersOf(folder: string): string[] {
  return [...new Set(globSync(`${folder}/**/*.ts`).map((file) => path.dirname(file)))].flatMap((each) =>
    each.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/')),
  );
}
