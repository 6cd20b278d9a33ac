import { forkFiles } from './fork.ts';
import { forkNames } from './names.ts';
import { parts, withDependents } from './parts.ts';

/** What somebody reads and installs. Without what `npm run dashboards` and `npm run chart` generate. */
export interface Size {
  files: number;
  lines: number;
  /** npm packages, those of the tests and tools included. */
  packages: number;
}

/** Written by npm, or a text of the law. */
const notCounted = new Set(['package-lock.json', 'NOTICE', 'LICENSE']);

/** The size of a fork without these parts. */
async function sizeWithout(without: readonly string[]): Promise<Size> {
  const names = forkNames({ name: 'front-desk', resource: 'parcel' });
  const files = await forkFiles({ names, without, license: 'UNLICENSED', holder: '' });
  const counted = [...files].filter(([file]) => !notCounted.has(file));
  const lockfile = JSON.parse(files.get('package-lock.json') ?? '{}') as { packages: object };
  return {
    files: counted.length,
    lines: counted.reduce((sum, [, text]) => sum + text.split('\n').length - 1, 0),
    packages: Object.keys(lockfile.packages).length - 1,
  };
}

/** What each part adds to a fork that has all others, but for those that are made from it, and what stays without any. */
export async function costOfParts(): Promise<{ parts: Map<string, Size>; rest: Size }> {
  const whole = await sizeWithout([]);
  const costs = new Map<string, Size>();
  for (const name of Object.keys(parts)) {
    const dependents = withDependents([name]).filter((each) => each !== name);
    const before = dependents.length === 0 ? whole : await sizeWithout(dependents);
    const after = await sizeWithout([name]);
    costs.set(name, {
      files: before.files - after.files,
      lines: before.lines - after.lines,
      packages: before.packages - after.packages,
    });
  }
  return { parts: costs, rest: await sizeWithout(Object.keys(parts)) };
}

const head = ['part', 'what it is', 'files', 'lines', 'npm packages', 'memory'];

/**
 * The table of docs/forking.md.
 *
 * @param memory what to say of a part, by its name, and of what stays, by `rest`
 */
export async function costTable(memory: (name: string) => string): Promise<string> {
  const { parts: costs, rest } = await costOfParts();
  const number = (figure: number) => figure.toLocaleString('en');
  const row = (name: string, about: string, { files, lines, packages }: Size, key: string) => [
    name,
    about,
    number(files),
    number(lines),
    number(packages),
    memory(key),
  ];
  const rows = [
    head,
    head.map(() => '---'),
    ...[...costs].map(([name, size]) => row(`\`${name}\``, parts[name]?.about ?? '', size, name)),
    row('what stays', '', rest, 'rest'),
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

/** The table as it stands in a page. @throws if there is none */
export function tableIn(page: string): string {
  const [found] = /^\| part \| what it is \| files .*\n(?:\|.*\n)+/m.exec(page) ?? [];
  if (found === undefined) throw new Error('docs/forking.md has no table of parts');
  return found;
}

/** The cells of a table, by the first one without its backticks. */
export function rowsOf(text: string): Map<string, string[]> {
  return new Map(
    text
      .trimEnd()
      .split('\n')
      .slice(2)
      .map((line) => line.slice(2, -2).split(' | '))
      .map(([name = '', ...cells]) => [name.replaceAll('`', ''), cells]),
  );
}
