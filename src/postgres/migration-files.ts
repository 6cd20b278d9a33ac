import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the migrations stand by default. */
export const folder = fileURLToPath(new URL('../../migrations', import.meta.url));
/** The table in which the runner records the migrations it has applied. */
export const table = 'applied_migrations';

/**
 * The names of files that are migrations: SQL, and modules that begin with a number. Types, tests and shared modules beside
 * them are none. The runner and readiness both ask here, so that they cannot disagree about what is missing.
 */
export const migrationFile = /^(?:[^.].*\.sql|\d(?!.*\.(?:d|test|spec)\.[cm]?[jt]s$).*\.[cm]?[jt]s)$/;

/** The names under which the runner records the migrations of a folder. */
export async function migrationNames(of: string): Promise<string[]> {
  const files = (await readdir(of)).filter((file) => migrationFile.test(file));
  return files.map((file) => path.basename(file, path.extname(file))).toSorted();
}
