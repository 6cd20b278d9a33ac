import { refuseArguments } from '../arguments.ts';
import { loadMigrationConfig } from '../config/config.ts';
import { ConfigError } from '../config/environment.ts';
import { environmentWarnings } from '../config/environment-warnings.ts';
import { migrationVariables } from '../config/migration-variables.ts';
import { variables } from '../config/variables.ts';
import { applyMigrations } from './apply-migrations.ts';

refuseArguments();
try {
  const config = loadMigrationConfig();
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  for (const warning of environmentWarnings({ ...variables, ...migrationVariables }))
    say(`Warning: ${warning}`);
  const applied = await applyMigrations(config, { say });
  const lines = applied.length === 0 ? ['Nothing to migrate.'] : applied.map((name) => `Applied ${name}.`);
  process.stdout.write(`${lines.join('\n')}\n`);
} catch (error) {
  const reason = reasonOf(error);
  process.stderr.write(error instanceof ConfigError ? `${reason}\n` : `The migration failed: ${reason}\n`);
  process.exitCode = 1;
}

function reasonOf(error: unknown): string {
  // A host name with several addresses fails with one error for each address, and has no message of its own.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
