import { closeSync, existsSync, openSync, rmSync } from 'node:fs';

/**
 * Opens the file of `--out` before the work that the report is about, and leaves none that was not there.
 *
 * @returns why the report could not be written there, as a sentence
 */
export function faultOfFile(file: string): string | undefined {
  try {
    const wasThere = existsSync(file);
    closeSync(openSync(file, 'a'));
    if (!wasThere) rmSync(file);
    return undefined;
  } catch (error) {
    return `Nothing can be written to --out ${file}: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
