import path from 'node:path';
import { describeMachine } from '../../lab/report/machine.ts';
import { table } from '../../lab/report/table.ts';
import { combinations, namesOf } from './combinations.ts';
import { checked, command, passedIn, root, seconds, stopwatch } from './commands.ts';
import { createFirst, patience, startFork, tryOut } from './living-fork.ts';

/**
 * From the command to the first 201, everything that a new user would try, and the fork's own checks and tests.
 *
 * @param only names of forks; default all
 */
export async function walkForks(folder: string, only: readonly string[]): Promise<string[]> {
  const { processor, cores, loadBefore } = describeMachine();
  const rows: string[][] = [];
  const problems: string[] = [];
  for (const combination of combinations.filter(({ name }) => only.length === 0 || only.includes(name))) {
    const names = namesOf(combination);
    const target = path.join(folder, names.service);
    const watch = stopwatch();
    await command(root, process.execPath, [
      path.join(root, 'lab/fork/main.ts'),
      target,
      '--name',
      names.service,
      '--resource',
      names.resource,
      '--plural',
      names.plural,
      ...(combination.without.length > 0 ? ['--without', combination.without.join(',')] : []),
    ]);
    const made = watch();
    await command(target, 'npm', ['ci', '--no-audit', '--no-fund']);
    const installed = watch();
    const fork = await startFork(target, patience);
    let first: number;
    try {
      const created = await createFirst(fork, names);
      first = watch();
      process.stdout.write(`${names.service}: the first ${created.status} after ${seconds(first)}\n`);
      if (created.status !== 201) problems.push(`${names.service}: the first request got ${created.status}`);
      const wrong = await tryOut(fork, names, created);
      problems.push(...wrong.map((what) => `${names.service}: does not hold: ${what}`));
    } finally {
      await fork.stop();
    }
    problems.push(...(await checked(names.service, target, ['npm', 'run', '-s', 'check'])).problems);
    const tests = await checked(names.service, target, ['npm', 'test']);
    problems.push(...tests.problems);
    rows.push([
      `\`${names.service}\`, ${names.plural}`,
      combination.without.join(', ') || '–',
      seconds(made),
      seconds(installed),
      seconds(first),
      passedIn(tests.output),
    ]);
  }
  const head = ['fork', 'without', 'made', 'installed', 'first 201', 'tests passed'];
  process.stdout.write(
    `\n${table([head, ...rows])}\n\n${cores} × ${processor}, load average ${loadBefore.toFixed(1)} before. Seconds since the command; npm's cache is warm.\n`,
  );
  return problems;
}
