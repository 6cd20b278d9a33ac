import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Finds the paths that documentation and configuration name, so that a test can detect those of moved files. */

/** A path as written, and the file that names it. */
export interface Reference {
  file: string;
  target: string;
}

/** A path that begins with one of these belongs to this repository, except build output and dependencies. */
const roots = new Set(globSync('*').concat(['.ci', '.github', '.devcontainer', '.vscode']));
for (const generated of ['node_modules', 'coverage']) roots.delete(generated);

/** A path that ends with one of these belongs to this repository even if its top-level folder no longer exists. */
const extensions = /\.(?:ts|md|sql|cfg)$/;

/** At least two names, separated by slashes. A wildcard or a choice in braces is part of a name. */
const pathLike = /(?<![\w/:@$}%?&#.-])(?:\.\/)?[\w.{*][\w.{}*,-]*(?:\/[\w.{}*,-]+)+\/?/g;

/** Paths anywhere in the text of a configuration file, comments included. */
export function pathsInText(file: string, text: string): Reference[] {
  // The name of a container image looks like a path.
  return [...text.replace(/\bimage: .*/g, '').matchAll(pathLike)]
    .map(([token]) => token.replace(/^\.\//, '').replace(/[.,]$/, ''))
    .filter(isOurs)
    .map((target) => ({ file, target }));
}

/** Relative links and paths in backticks. Links are relative to the file, paths to the root or to the file. */
export function pathsInMarkdown(file: string, text: string): Reference[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
    .map((target) => ({ file, target: path.join(path.dirname(file), target) }));
  const inBackticks = [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) =>
    pathsInText(file, code).filter(
      ({ target }) => !exists({ file, target: path.join(path.dirname(file), target) }),
    ),
  );
  return [...links, ...inBackticks];
}

/** Names of npm scripts that the text tells the reader to run. */
export function scriptsIn(file: string, text: string): Reference[] {
  return [...text.matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].map(([, target = '']) => ({ file, target }));
}

function isOurs(token: string): boolean {
  const [first = ''] = token.split('/');
  const names = first.replace(/[{}]/g, '').split(',');
  return names.some((name) => roots.has(name)) || (extensions.test(token) && !first.startsWith('*'));
}

/** Whether the path exists, or with wildcards at least one match. */
export function exists({ target }: Reference): boolean {
  return globSync(target.replace(/\/$/, '')).length > 0;
}

/** Every file that matches, with its text. Reports of past runs keep the paths of their time. */
export function readAll(patterns: readonly string[]): Array<{ file: string; text: string }> {
  return patterns
    .flatMap((pattern) => globSync(pattern, { exclude: ['node_modules', 'coverage', '.data'] }))
    .filter((file) => file !== 'CHANGELOG.md' && !file.startsWith('docs/chaos/report.'))
    .map((file) => ({ file, text: readFileSync(file, 'utf8') }));
}
