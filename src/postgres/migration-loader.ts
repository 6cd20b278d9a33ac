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
  const up = partOf(text, 'up') ?? text;
  const down = partOf(text, 'down');
  return { up: actionOf(up), down: down === undefined ? false : actionOf(down) };
}

/** The part of a file under `-- Up Migration` or `-- Down Migration`, up to the other or to the end. */
function partOf(text: string, direction: 'up' | 'down'): string | undefined {
  const parts = text.split(/^\s*--[\s-]*(up|down)\s+migration/im);
  const at = parts.findIndex((part, index) => index % 2 === 1 && part.toLowerCase() === direction);
  return at === -1 ? undefined : `--${parts[at + 1]}`;
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
