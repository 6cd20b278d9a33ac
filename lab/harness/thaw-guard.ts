import { spawn } from 'node:child_process';

/**
 * Continues processes that were stopped with SIGSTOP once this process is gone, even if it is killed: a stopped process
 * notices neither a signal nor the end of its channel, and would stay for ever.
 *
 * @returns ends the guard
 */
export function continueWhenGone(pids: readonly number[]): () => void {
  // A shell waits for the end of its input, which comes when this process is gone.
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -CONT "$@"', 'guard', ...pids.map(String)], {
    cwd: '/',
    // Out of reach of Ctrl-C in a terminal.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  guard.unref();
  return () => void guard.kill('SIGKILL');
}
