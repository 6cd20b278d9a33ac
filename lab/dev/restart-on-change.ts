import { watch } from 'node:fs';
import type { Child } from './child.ts';

/** Milliseconds within which events count as one change, because editors write a file in several steps. */
const settleTime = 100;

export interface RestartOptions {
  folder: string;
  start: () => Promise<Child>;
  say: (text: string) => void;
}

/**
 * Restarts a child whenever a source file below `folder` changes. A child that ends by itself or fails to start is
 * started again after the next change.
 *
 * `node --watch` is not enough: it outlives a parent that is killed.
 */
export function restartOnChange(
  first: Child,
  { folder, start, say }: RestartOptions,
): { stop: () => Promise<void> } {
  let child: Child | undefined;
  let stopping = false;

  const adopt = (started: Child): void => {
    child = started;
    void started.ended.then((how) => {
      if (child !== started) return;
      child = undefined;
      say(`${how} Waiting for a change.`);
    });
  };
  const stopChild = async (): Promise<void> => {
    const stopped = child;
    child = undefined;
    await stopped?.stop();
  };
  const restart = async (file: string): Promise<void> => {
    if (stopping) return;
    await stopChild();
    try {
      adopt(await start());
      say(`Restarted after a change of ${file}.`);
    } catch (error) {
      say(`${error instanceof Error ? error.message : String(error)}\nWaiting for a change.`);
    }
  };

  adopt(first);
  let work = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(folder, { recursive: true }, (_event, file) => {
    if (file === null || !/\.(ts|json)$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      work = work.then(() => restart(file));
    }, settleTime);
  });
  return {
    stop: async () => {
      stopping = true;
      watcher.close();
      clearTimeout(timer);
      await work;
      await stopChild();
    },
  };
}
