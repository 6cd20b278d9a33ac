import { setTimeout as sleep } from 'node:timers/promises';
import { describeProcess } from './postgres/process-table.ts';

/** Polling interval in milliseconds. */
const interval = 500;

/**
 * Resolves, with a sentence, once the npm that runs this process is gone. A killed npm cannot notify its child.
 *
 * @param lifecycleEvent npm's name for the running script; without it there is no npm, and the promise never resolves
 */
export async function npmIsGone(lifecycleEvent: string | undefined): Promise<string> {
  if (lifecycleEvent === undefined) return new Promise(() => undefined);
  const parent = process.ppid;
  // Many shells are replaced by the command that they run. One that is not outlives npm, and gets another parent.
  const found = await describeProcess(parent);
  const shell = found && /^\S*sh -c /.test(found.commandLine) ? found : undefined;
  for (;;) {
    await sleep(interval, undefined, { ref: false });
    if (process.ppid !== parent) break;
    if (shell && (await describeProcess(parent))?.parent !== shell.parent) break;
  }
  return 'The npm that ran this is gone.';
}
