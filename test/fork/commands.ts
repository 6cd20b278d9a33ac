import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';

const run = promisify(execFile);
export const root = path.resolve(import.meta.dirname, '../..');

/** @throws an error with all of its output */
export async function command(folder: string, program: string, args: readonly string[]): Promise<string> {
  // What npm tells its scripts would confuse an npm inside of them.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:npm_|VITEST|NODE_ENV)/.test(name)),
  );
  const running = run(program, args, { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
  const kill = () => running.child.kill();
  process.once('exit', kill);
  try {
    return (await running).stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  } finally {
    process.off('exit', kill);
  }
}

/** Runs a check and says how it ended. @returns what is wrong, and what it printed */
export async function checked(
  title: string,
  folder: string,
  [program = '', ...args]: readonly string[],
): Promise<{ problems: string[]; output: string }> {
  const watch = stopwatch();
  const called = [path.basename(program), ...args].join(' ');
  try {
    const output = await command(folder, program, args);
    process.stdout.write(`${title}: ${called} passes, ${seconds(watch())}\n`);
    return { problems: [], output };
  } catch (error) {
    process.stdout.write(`${title}: ${called} FAILS, ${seconds(watch())}\n`);
    const output = error instanceof Error ? error.message : String(error);
    return { problems: [`${title}: ${called}: ${output}`], output };
  }
}

/** Types, lint and unused code, by the programs of this repository. @returns what is wrong */
export async function checkedQuickly(title: string, target: string): Promise<string[]> {
  const problems: string[] = [];
  const page = 'lab/console/page';
  const programs = [
    ['tsc'],
    ...(existsSync(path.join(target, page)) ? [['tsc', '-p', page]] : []),
    ['oxlint', '--deny-warnings'],
    ['knip', '--exclude', 'exports,types'],
  ];
  for (const line of programs)
    problems.push(...(await checked(title, target, [binary(line[0]), ...line.slice(1)])).problems);
  return problems;
}

export const binary = (name = ''): string => path.join(root, 'node_modules/.bin', name);

/** The tests that a run of Vitest has passed. */
export function passedIn(output: string): string {
  return /^ *Tests +(?:.* )?(\d+) passed/m.exec(stripVTControlCharacters(output))?.[1] ?? '0';
}

export function stopwatch(): () => number {
  const start = performance.now();
  return () => performance.now() - start;
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
