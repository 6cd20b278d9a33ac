import { getHeapStatistics } from 'node:v8';

/**
 * Preloaded into a replica: fills its heap, as a cache without a bound would, up to a share of V8's limit, and then replaces the
 * oldest entries, so that the process lives on. The parent process sends `{ type: 'memory_leak', share }`; 0 frees all of it.
 */

/** A few megabytes a second: more than the service allocates under the usual traffic. */
const entriesPerTurn = 5;
const turn = 20;
/** Words of 8 bytes. */
const entrySize = 8192;

let timer: NodeJS.Timeout | undefined;
let entries: number[][] = [];

/** The function that a heap profile must name. */
function cacheForever(share: number): void {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  // Twice as many as are added, because what is dropped is freed only by a later collection.
  if (used > share * limit) entries.splice(0, 2 * entriesPerTurn);
  for (let count = 0; count < entriesPerTurn; count += 1) entries.push(Array<number>(entrySize).fill(count));
}

process.on('message', (message: unknown) => {
  if (typeof message !== 'object' || message === null || !('type' in message)) return;
  if (message.type !== 'memory_leak' || !('share' in message)) return;
  const share = Number(message.share);
  clearInterval(timer);
  if (share > 0) timer = setInterval(() => cacheForever(share), turn).unref();
  else entries = [];
});
