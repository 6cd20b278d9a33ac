import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from '../../lab/harness/command-line.ts';
import { pathOf } from '../../lab/harness/path-of.ts';
import { faultOfFile } from '../../lab/report/report-file.ts';
import { table } from '../../lab/report/table.ts';
import { startTestConsole } from '../support/processes/console.ts';
import { type Sender, senders } from './languages.ts';

/** Sends telemetry to the console with the SDKs of other languages and versions, and compares what it shows. Needs a network. */

const usage = `npm run test:senders -- [options]

  --folder <path>  keeps the installed packages there (default: a folder of the system for temporary files)
  --out <file>     also write the table there, for example docs/senders.md
  --help           show this

A sender whose language is not installed, or whose packages cannot be reached, is left out and named.
`;

/** @returns the cells of the row, and whether it is no failure */
async function tryOut(
  sender: Sender,
  folder: string,
  number: number,
): Promise<{ outcome: string; failed: boolean }> {
  const missing = sender.programs.filter((program) => pathOf(program) === undefined);
  if (missing.length > 0) return leftOut(`${missing.join(' and ')} not installed`);
  const own = path.join(folder, sender.name.replaceAll(/\W+/g, '-'));
  try {
    await mkdir(own, { recursive: true });
    await sender.install(own);
  } catch (error) {
    return leftOut(`not installable (${reasonOf(error)})`);
  }
  // One for each sender, so that none sees what another one sent.
  await using shown = await startTestConsole();
  const faults = await sender
    .send(own, shown, `sender-${number}`)
    .catch((error: unknown) => [String(error).slice(0, 300)]);
  const all = [...faults, ...shown.defects.map(String)];
  return { outcome: all.length === 0 ? 'everything as it was sent' : all.join('; '), failed: all.length > 0 };
}

/**
 * What an installer wrote about its failure. Of the first lines, whose order differs between installers, the longest says the most.
 */
function reasonOf(error: unknown): string {
  const written = error instanceof Error && 'stderr' in error && 'stdout' in error;
  const lines = written ? `${String(error.stderr)}\n${String(error.stdout)}`.split('\n').filter(Boolean) : [];
  const [reason] = lines.slice(0, 5).toSorted((one, other) => other.length - one.length);
  return (reason ?? String(error).split('\n')[0] ?? '').slice(0, 300);
}

/** On a developer's machine a language may be missing; where CI is set, nothing may be left out. */
const leftOut = (reason: string) => ({
  outcome: `left out: ${reason}`,
  failed: process.env['CI'] !== undefined,
});

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string', default: path.join(tmpdir(), 'console-senders') },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const fault = values.out === undefined ? undefined : faultOfFile(values.out);
  if (fault !== undefined) throw new Error(fault);
  const rows: string[][] = [];
  for (const [number, sender] of senders.entries()) {
    process.stdout.write(`${sender.name}: installing and sending, minutes at the first time\n`);
    const { outcome, failed } = await tryOut(sender, values.folder, number);
    if (failed) process.exitCode = 1;
    rows.push([sender.name, outcome]);
  }
  rows.push(['.NET', 'left out: Debian has no SDK of it, and no registry that is used here has one']);
  const markdown = `# Senders that the console was tried with

\`npm run test:senders\` on ${new Date().toISOString().slice(0, 10)}: spans with every kind of attribute, an event and a status; log lines; metrics of every kind.

${table([['sender', 'the console shows'], ...rows])}
`;
  process.stdout.write(`\n${markdown}`);
  if (values.out !== undefined) await writeFile(values.out, markdown);
});
