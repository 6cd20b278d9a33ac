import { setTimeout as sleep } from 'node:timers/promises';
import { describeProcess } from './postgres/process-table.ts';

/** How soon a killed npm is noticed, in milliseconds. */
const interval = 500;

/**
 * Resolves, with a sentence, when the npm that runs this process is gone: killed, it could not tell.
 *
 * @param lifecycleEvent npm's name for the running script; without it there is no npm, and this never resolves
 */
export async function npmIsGone(lifecycleEvent: string | undefined): Promise<string> {
  if (lifecycleEvent === undefined) return new Promise(() => undefined);
  const parent = process.ppid;
  // Many shells make way for the command they run. One that does not outlives npm, and loses its own parent.
  const found = await describeProcess(parent);
  const shell = found && /^\S*sh -c /.test(found.commandLine) ? found : undefined;
  for (;;) {
    await sleep(interval, undefined, { ref: false });
    if (process.ppid !== parent) break;
    if (shell && (await describeProcess(parent))?.parent !== shell.parent) break;
  }
  return 'The npm that ran this is gone.';
}
