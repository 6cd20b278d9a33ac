/** The parts of Stryker's report that are read here. @see https://github.com/stryker-mutator/mutation-testing-elements */
export interface Report {
  files: Readonly<Record<string, { source: string; mutants: readonly Mutant[] }>>;
}

interface Mutant {
  mutatorName: string;
  replacement?: string;
  status: string;
  location: { start: Position; end: Position };
}

/** Counted from 1. */
interface Position {
  line: number;
  column: number;
}

/** A mutant that no unit test can or should kill. */
export interface Explained {
  /** Below src/. */
  file: string;
  /** The code that is mutated, on one line. */
  code: string;
  /** What replaces it, on one line. Default: anything. */
  by?: string;
  because: string;
}

export interface Judgement {
  rows: Array<{ folder: string; mutants: number; killed: number; explained: number; share: number }>;
  explained: readonly Explained[];
  /** Sentences about what makes the run fail. */
  faults: string[];
}

/** Percent of the mutants of a folder. */
const leastKilled = 85;

const killedBy = new Set(['Killed', 'Timeout']);
const alive = new Set(['Survived', 'NoCoverage']);

/** Counts the mutants of each folder, and looks for survivors that are not explained and explanations that are stale. */
export function judge(
  { files }: Report,
  folders: readonly string[],
  explanations: readonly Explained[],
): Judgement {
  const stale = new Set(
    explanations.filter(({ file }) => folders.some((folder) => file.startsWith(`${folder}/`))),
  );
  const faults: string[] = [];
  const rows = folders.map((folder) => {
    const row = { folder, mutants: 0, killed: 0, explained: 0, share: 0 };
    for (const [name, { source, mutants }] of Object.entries(files)) {
      const file = name.replace(/^src\//, '');
      if (!file.startsWith(`${folder}/`)) continue;
      for (const mutant of mutants) {
        if (killedBy.has(mutant.status)) row.killed += 1;
        if (killedBy.has(mutant.status) || alive.has(mutant.status)) row.mutants += 1;
        if (!alive.has(mutant.status)) continue;
        const code = oneLine(textAt(source, mutant.location));
        const by = oneLine(mutant.replacement ?? '');
        const reasons = explanations.filter(
          (each) => each.file === file && each.code === code && (each.by ?? by) === by,
        );
        for (const reason of reasons) stale.delete(reason);
        if (reasons.length > 0) row.explained += 1;
        else {
          const { line, column } = mutant.location.start;
          faults.push(`Survived: src/${file}:${line}:${column} ${mutant.mutatorName}: ${code} → ${by}`);
        }
      }
    }
    row.share = row.mutants === 0 ? 100 : (100 * row.killed) / row.mutants;
    if (row.share < leastKilled)
      faults.push(`Less than ${leastKilled} % of the mutants of src/${folder} are killed.`);
    return row;
  });
  for (const { file, code } of stale) faults.push(`Explained, but killed or gone: src/${file} ${code}`);
  return { rows, explained: explanations, faults };
}

function textAt(source: string, { start, end }: Mutant['location']): string {
  const lines = source.split('\n').slice(start.line - 1, end.line);
  const last = lines.length - 1;
  lines[last] = lines[last]?.slice(0, end.column - 1) ?? '';
  lines[0] = lines[0]?.slice(start.column - 1) ?? '';
  return lines.join('\n');
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

export function render({ rows, explained }: Judgement): string {
  const table = rows.map(
    ({ folder, mutants, killed, explained: reasons, share }) =>
      `| \`src/${folder}\` | ${mutants} | ${killed} | ${share.toFixed(1)} % | ${reasons} |`,
  );
  const cell = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;
  const reasons = explained.map(
    ({ file, code, by, because }) =>
      `| \`src/${file}\` | ${cell(code)} | ${by === undefined ? 'anything' : cell(by || ' ')} | ${because} |`,
  );
  return `# Mutation testing

\`npm run test:mutation\` changes the code in one place at a time and runs the unit tests of these folders. A change that no
test notices survives. Stryker makes the changes. The run fails below ${leastKilled} %, and at a survivor that is not in the second table.

Left out is what unit tests cannot judge:

- SQL. To Stryker it is text, which it empties. The service tests run every statement against Postgres; here, only the
  function that puts the filters of a list together is changed, and the values that statements get.
- The routes in \`src/orders/api\`, with their JSON schemas and problems: the service tests call them over HTTP.
- Constants of a module, because each would take a run of all tests.

| code | mutants | killed | share | explained |
|---|---|---|---|---|
${table.join('\n')}

## Explained survivors

| file | code | changed to | why no unit test kills it |
|---|---|---|---|
${reasons.join('\n')}
`;
}
