import { loadMigrationConfig } from '../config.ts';
import { ConfigError } from '../environment.ts';
import { migrate } from './migrate.ts';

try {
  const applied = await migrate(loadMigrationConfig().url.reveal());
  const lines = applied.length === 0 ? ['Nothing to migrate.'] : applied.map((name) => `Applied ${name}.`);
  process.stdout.write(`${lines.join('\n')}\n`);
} catch (error) {
  const reason = error instanceof Error ? error.message || String(error) : String(error);
  process.stderr.write(error instanceof ConfigError ? `${reason}\n` : `The migration failed: ${reason}\n`);
  process.exitCode = 1;
}
