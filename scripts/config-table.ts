import { readFile, writeFile } from 'node:fs/promises';
import { documentedVariables } from '../src/variables.ts';

/** Writes the configuration table into README.md, between its two marks. */

const readme = new URL('../README.md', import.meta.url);
const marks = /(<!-- configuration: .* -->\n)[^]*(<!-- end of configuration -->)/;

export function withTable(text: string): string {
  if (!marks.test(text)) throw new Error('README.md has lost the marks around its configuration table');
  const rows = documentedVariables.map(
    ({ name, default: value, meaning }) =>
      `| \`${name}\` | ${value === undefined ? '–' : `\`${value}\``} | ${meaning} |`,
  );
  const table = ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
  return text.replace(marks, (_all, start: string, end: string) => `${start}\n${table}\n\n${end}`);
}

if (import.meta.main) await writeFile(readme, withTable(await readFile(readme, 'utf8')));
