import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from '../../lab/harness/command-line.ts';
import { watchInterruption } from '../../lab/harness/interruption.ts';
import { choose, type Given } from './chosen.ts';
import { walkForks } from './walk-forks.ts';
import { memoryOfParts, walkParts, writeTable } from './walk-parts.ts';
import { walkRecipes } from './walk-recipes.ts';

const usage = `npm run test:fork -- [options]

Makes forks in fresh folders, as a new user would, and removes them. Without options: forks, parts and recipes.

  --forks       three forks of different names and parts: npm ci, npm start, requests, npm run check, npm test
  --parts       a fork without each single part, and without all: types, lint, unused code, its tests; writes the table of docs/forking.md
  --recipes     the recipes, one after the other on one fork: types, lint, unused code, its tests
  --only NAME   of these forks or parts, separated by commas, only those, and no recipes unless --recipes asks for them
  --memory      measures the memory of the parts and writes the table
  --table       writes the table, with its memory as it is
  --keep        leaves the folders
  --help        show this
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      forks: { type: 'boolean' },
      parts: { type: 'boolean' },
      recipes: { type: 'boolean' },
      only: { type: 'string', default: '' },
      memory: { type: 'boolean' },
      table: { type: 'boolean' },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) process.stdout.write(usage);
  else if (values.table) await writeTable();
  else await testForks(values);
});

async function testForks(given: Given & { keep?: boolean | undefined }): Promise<void> {
  const { forks, parts, recipes, memory, only } = choose(given);
  // What is running and what is left end with this process, because most of it is other programs.
  watchInterruption(() => '').signal.addEventListener('abort', () => process.exit(130));
  const folder = await mkdtemp(path.join(tmpdir(), 'forks-'));
  const problems: string[] = [];
  const end = () => {
    if (given.keep) process.stdout.write(`\nThe forks are in ${folder}.\n`);
    // Programs that are still ending write to it.
    else rmSync(folder, { recursive: true, maxRetries: 20 });
  };
  process.once('exit', end);
  try {
    if (forks) problems.push(...(await walkForks(folder, only)));
    if (parts) problems.push(...(await walkParts(folder, only)));
    if (recipes) problems.push(...(await walkRecipes(folder)));
    if (memory) await writeTable(await memoryOfParts(folder));
  } finally {
    process.off('exit', end);
    end();
  }
  for (const problem of problems) process.stderr.write(`✗ ${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
}
