import { accessSync, constants } from 'node:fs';
import { makeFolder } from '../../src/make-folder.ts';

/**
 * Makes the folder of `--out`, before the work that the report is about.
 *
 * @returns why the report could not be written there, as a sentence
 */
export function faultOfFolder(folder: string): string | undefined {
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
    return undefined;
  } catch (error) {
    return `Nothing can be written to --out ${folder}: ${error instanceof Error ? error.message : String(error)}.`;
  }
}
