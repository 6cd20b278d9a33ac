import path from 'node:path';
import { buildWithCargo } from '../shared/cargo.ts';
import { say } from '../shared/command.ts';

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
  const folder = path.join(import.meta.dirname, 'rust-service');
  const program = await buildWithCargo(folder, signal, '; --no-rust leaves it out');
  if (program === undefined) say('the Rust service is left out: there is no cargo on the PATH');
  return program;
}
