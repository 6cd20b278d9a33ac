import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { say } from './command.ts';
import { BenchFailure } from './failure.ts';

const run = promisify(execFile);

/**
 * Builds the Rust program of a benchmark, which has the name of its folder.
 *
 * @param hint ends the message of a failed build
 * @returns the path of the program, or `undefined` if there is no cargo on the PATH
 * @throws {BenchFailure} if the build fails
 */
export async function buildWithCargo(
  folder: string,
  signal: AbortSignal,
  hint = '',
): Promise<string | undefined> {
  try {
    await run('cargo', ['--version'], { signal });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
  const name = path.basename(folder);
  say(`building ${name}`);
  try {
    await run('cargo', ['build', '--release', '--locked', '--quiet'], { cwd: folder, signal });
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new BenchFailure(`${name} cannot be built${hint}. ${reason}`, { cause: error });
  }
  return path.join(folder, 'target/release', name);
}
