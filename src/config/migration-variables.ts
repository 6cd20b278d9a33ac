import { databaseUrl } from './database-url.ts';
import { duration, optional } from './environment.ts';

/** What `npm run migrate` reads besides the URL of the database. */
export const migrationVariables = {
  MIGRATION_DATABASE_URL: optional(
    databaseUrl({
      meaning:
        'URL for the migrations alone, instead of `DATABASE_URL`: another role, or Postgres itself when that leads to a pooler',
      secret: true,
    }),
  ),
  MIGRATION_CONNECT_DEADLINE: duration({
    default: '0s',
    meaning:
      'for how long a Postgres that takes no connection yet is tried again, for a start beside it; `0s` tries once',
  }),
  MIGRATION_LOCK_TIMEOUT: duration({
    default: '500ms',
    meaning:
      'longest wait of a migration for a lock, behind which requests queue; keep it below `DATABASE_STATEMENT_TIMEOUT`',
  }),
  MIGRATION_LOCK_DEADLINE: duration({
    default: '1m',
    meaning: 'for how long a migration that did not get its locks is tried again',
  }),
} as const;
