import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MigrationBuilder, RunnerOption } from 'node-pg-migrate';
import { isOnline, statementsOf } from './sql-statements.ts';

/** How files become migrations: what node-pg-migrate does, plus statements that a transaction cannot hold. */

/** Called before the first statement of a migration that runs outside of a transaction, because it works online. */
export type BeforeOnline = (statements: readonly string[]) => Promise<void>;

type Strategies = NonNullable<RunnerOption['migrationLoaderStrategies']>;
type Loader = Exclude<Strategies[number]['loader'], string>;
type Actions = Awaited<ReturnType<Loader>>[number]['actions'];

export function migrationLoaders(beforeOnline: BeforeOnline): Strategies {
  const loading =
    (load: (file: string) => Promise<Actions>): Loader =>
    (files) =>
      Promise.all(
        files.map(async (file) => ({
          id: file,
          filePaths: [file],
          actions: prepared(path.basename(file), await load(file), beforeOnline),
        })),
      );
  return [
    { extensions: ['.sql'], loader: loading(loadSql) },
    { extensions: ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'], loader: loading(loadModule) },
  ];
}

/** Statements that work online are sent one by one, outside of a transaction; all others in one transaction. */
async function loadSql(file: string): Promise<Actions> {
  const text = await readFile(file, 'utf8');
  const actionOf = (sql: string) => (migration: MigrationBuilder) => {
    const statements = statementsOf(sql);
    const online = statements.some(isOnline);
    if (online) migration.noTransaction();
    for (const part of online ? statements : [sql]) migration.sql(part);
  };
  const { up, down } = partsOf(path.basename(file), text);
  return { up: actionOf(up), down: down === undefined ? false : actionOf(down) };
}

/**
 * The parts of a file under `-- Up Migration` and `-- Down Migration`, each up to the other or to the end. Without the first
 * marker, what stands above the second is the way up.
 *
 * node-pg-migrate takes a sentence that begins with these words for a marker, and never runs the statements below it. Without
 * the first marker it runs the whole file as the way up, the way down as well.
 *
 * @throws {Error} for a comment that begins like a marker and goes on, and for a second marker
 */
function partsOf(file: string, text: string): { up: string; down?: string } {
  const markers = [...text.matchAll(/^[^\S\n]*--[\s-]*(up|down)\s+migration(.*)$/gim)];
  const parts: { up?: string; down?: string } = {};
  for (const [index, marker] of markers.entries()) {
    const direction = marker[1]?.toLowerCase() === 'up' ? 'up' : 'down';
    const line = marker[0].trim();
    if (/[^\s-]/.test(marker[2] ?? ''))
      throw new Error(`${file}: “${line}” reads as a marker; begin the comment with another word`);
    if (parts[direction] !== undefined) throw new Error(`${file} has a second “${line}”`);
    parts[direction] = text.slice(marker.index, markers[index + 1]?.index);
  }
  return { up: text.slice(0, markers[0]?.index), ...parts };
}

async function loadModule(file: string): Promise<Actions> {
  return (await import(pathToFileURL(file).href)) as Actions;
}

/** Wraps `up`, which describes the migration, with a look at the statements that it describes. */
function prepared(file: string, actions: Actions, beforeOnline: BeforeOnline): Actions {
  const { up } = actions;
  if (typeof up !== 'function') return actions;
  return {
    ...actions,
    async up(migration) {
      await new Promise<void>((resolve, reject) => {
        // The runner tells the two forms of a migration apart by their number of parameters.
        if (up.length === 2) return void up(migration, resolve);
        Promise.resolve(up(migration, () => {})).then(() => resolve(), reject);
      });
      const steps = migration.getSqlSteps();
      const statements = steps.flatMap(statementsOf);
      if (!statements.some(isOnline)) return;
      if (migration.isUsingTransaction()) {
        throw new Error(
          `${file} has a statement CONCURRENTLY, which no transaction can hold: call noTransaction()`,
        );
      }
      if (steps.length < statements.length || !statements.every(isOnline)) {
        throw new Error(
          `${file} has statements CONCURRENTLY and others: give the others a file of their own, which a transaction undoes if it fails`,
        );
      }
      await beforeOnline(statements);
    },
  };
}
