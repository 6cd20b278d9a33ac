import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder and those above it, unless they are there.
 *
 * @throws {Error} of the system, also below a folder such as /proc, where Node's `mkdir` with `recursive` tries for ever
 */
export function makeFolder(folder: string, mode?: number): void {
  const missing = firstMissing(path.resolve(folder));
  if (missing !== undefined) makeAlone(missing, mode);
  mkdirSync(folder, { recursive: true, mode });
}

function makeAlone(folder: string, mode: number | undefined): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    // Another process may make it at the same time.
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

/** The highest one that is missing. */
function firstMissing(folder: string): string | undefined {
  let missing: string | undefined;
  for (let each = folder; !existsSync(each); each = path.dirname(each)) missing = each;
  return missing;
}
