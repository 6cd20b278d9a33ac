import { refuseArguments } from '../arguments.ts';
import { loadMigrationConfig } from '../config/config.ts';
import { environmentWarnings } from '../config/environment-warnings.ts';
import { migrationVariables } from '../config/migration-variables.ts';
import { variables } from '../config/variables.ts';
import { StartupError } from '../errors.ts';
import { applyMigrations } from './apply-migrations.ts';
import { unreachable } from './unreachable.ts';

refuseArguments();
try {
  const config = loadMigrationConfig();
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  for (const warning of environmentWarnings({ ...variables, ...migrationVariables }))
    say(`Warning: ${warning}`);
  const applied = await applyMigrations(config, { say }).catch((cause: unknown) => {
    const reason = unreachable(config.url.reveal(), cause) ?? reasonOf(cause);
    throw new StartupError(`The migration failed: ${reason}`, { cause });
  });
  const lines = applied.length === 0 ? ['Nothing to migrate.'] : applied.map((name) => `Applied ${name}.`);
  process.stdout.write(`${lines.join('\n')}\n`);
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = 1;
}

function reasonOf(error: unknown): string {
  // A host name with several addresses fails with one error for each address, and has no message of its own.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
