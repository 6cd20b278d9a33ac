import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

/** Path of the first of these programs that is on the PATH; `undefined` if none is. */
export function pathOf(...names: readonly string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isProgram);
}

/** Whether the file exists and this process may execute it. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
