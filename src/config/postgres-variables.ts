import { databaseUrl } from './database-url.ts';
import { duration, oneOf, wholeNumber } from './environment.ts';

/** The variables of the connection to Postgres, which `npm run migrate` reads as well. */
export const postgresVariables = {
  DATABASE_URL: databaseUrl({
    meaning:
      'URL of the Postgres database, as libpq writes it, with [several hosts and TLS](database/connecting.md) if need be; `npm start` brings its own when it is not set',
    secret: true,
  }),
  DATABASE_POOLER: oneOf(['auto', 'session', 'transaction'], {
    default: 'auto',
    meaning:
      'what a pooler such as PgBouncer keeps for a connection: `session` settings and prepared statements, `transaction` nothing; `auto` takes a pooler that it finds for the latter',
  }),
  DATABASE_POOL_MAX: wholeNumber(1, 1000, {
    default: '10',
    meaning: 'size of the pool of Postgres connections',
  }),
  DATABASE_BATCHING: oneOf(['on', 'off'], {
    default: 'on',
    meaning:
      '`on` lets writes that arrive together share a statement and its commit, `off` gives each its own statement',
  }),
  DATABASE_CONNECT_TIMEOUT: duration({
    default: '1s',
    meaning: 'longest wait for a connection to Postgres, new or from the pool',
  }),
  DATABASE_STATEMENT_TIMEOUT: duration({
    default: '2s',
    meaning: 'longest run of a statement before Postgres cancels it',
  }),
  DATABASE_DEADLINE: duration({
    default: '3s',
    meaning: 'deadline of a statement with all its retries; after it, the request gets 503',
  }),
} as const;
