import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { say } from '../shared/command.ts';
import { BenchFailure } from '../shared/failure.ts';

const run = promisify(execFile);
const folder = path.join(import.meta.dirname, 'rust-service');

/**
 * Builds the Rust service if this machine can. Resolves with the path of the program, or `undefined` without Cargo.
 *
 * @throws {BenchFailure} if the build fails
 */
export async function buildRustService(signal: AbortSignal): Promise<string | undefined> {
  if (process.platform !== 'linux') {
    say('the Rust service is left out: only Linux reports its processor time in /proc');
    return undefined;
  }
  try {
    await run('cargo', ['--version'], { signal });
  } catch {
    signal.throwIfAborted();
    say('the Rust service is left out: there is no cargo on the PATH');
    return undefined;
  }
  say('building the Rust service');
  try {
    await run('cargo', ['build', '--release', '--locked', '--quiet'], { cwd: folder, signal });
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error ? error.message : String(error);
    throw new BenchFailure(`The Rust service cannot be built; --no-rust leaves it out. ${reason}`, {
      cause: error,
    });
  }
  return path.join(folder, 'target/release/rust-service');
}
