import type { ClientBase } from 'pg';
import { outsideRequests } from '../async-context.ts';
import type { Config } from '../config/config.ts';

/** Values by the names of settings, both as `pg_settings` shows them. */
export type Settings = Readonly<Record<string, string>>;

export interface Sessions {
  /**
   * Sets up the session of a new connection.
   *
   * @throws {Error} the error of Postgres or the network
   */
  begin(client: ClientBase): Promise<void>;
  /**
   * Whether one server process serves this connection for as long as it lasts. Only then do a setting and a prepared
   * statement last as well: a pooler in transaction mode may hand the next statement to another process.
   */
  lasts(client: ClientBase): boolean;
  /** Whether no pooler stands between: the process that the connection was told of is the one that serves it. */
  isDirect(client: ClientBase): boolean;
  /** What the settings of a session must be, by the connection that was set up last. */
  reliedOn(): Settings;
}

/** What a statement cannot say itself, because its isolation is decided before it runs. */
const always: Settings = { default_transaction_isolation: 'read committed' };

/**
 * What a role, a database or a server may set for every session, and what changes the meaning of a statement.
 *
 * `default_transaction_read_only` is left alone: managed plans set it when the disk is nearly full, and failovers to fence
 * the old primary. Writing nevertheless would fill that disk, or store rows where nobody finds them.
 */
function pinned(statementTimeout: number): Settings {
  return {
    ...always,
    // The text of values.
    DateStyle: 'ISO, MDY',
    IntervalStyle: 'postgres',
    TimeZone: 'UTC',
    bytea_output: 'hex',
    extra_float_digits: '1',
    // Whether a commit waits for the disk.
    synchronous_commit: 'on',
    // Which table a name means.
    search_path: 'public',
    // How long a statement and its session last.
    statement_timeout: String(statementTimeout),
    lock_timeout: '0',
    transaction_timeout: '0',
    idle_session_timeout: '0',
  };
}

/**
 * $3 is the process that the server named when the connection was made. A pooler names one of its own invention, so there
 * this sets nothing: the next client of that server process would inherit it. A setting that this version of Postgres
 * does not have is left out, and a commit that waits for more than the disk stays as it is.
 */
const pin = `
  SELECT set_config(name, value, false), pg_backend_pid() AS process
  FROM unnest($1::text[], $2::text[]) AS pinned (name, value)
  WHERE ($3::int IS NULL OR $3 = pg_backend_pid())
    AND current_setting(name, true) IS NOT NULL
    AND NOT (name = 'synchronous_commit' AND current_setting(name) = 'remote_apply')`;

export function createSessions({
  pooler,
  statementTimeout,
  connectTimeout,
}: Pick<Config['postgres'], 'pooler' | 'statementTimeout' | 'connectTimeout'>): Sessions {
  const settings = pinned(statementTimeout);
  const lasting = new WeakSet<ClientBase>();
  const direct = new WeakSet<ClientBase>();
  let newestLasts = pooler !== 'transaction';

  return {
    async begin(client) {
      if (pooler === 'transaction') return;
      const process = pooler === 'auto' ? serverProcess(client) : null;
      const query = {
        text: pin,
        values: [Object.keys(settings), Object.values(settings), process],
        query_timeout: connectTimeout,
      };
      // The set-up is part of no request, although it runs when the first one needs the connection.
      const { rows } = await outsideRequests(() => client.query<{ process: number }>(query));
      const [first] = rows;
      newestLasts = first !== undefined;
      if (first === undefined) return;
      lasting.add(client);
      if (first.process === serverProcess(client)) direct.add(client);
    },
    lasts: (client) => lasting.has(client),
    isDirect: (client) => direct.has(client),
    reliedOn: () => (newestLasts ? settings : always),
  };
}

/** The server process that the connection was told of. The types of pg lack it. */
function serverProcess(client: ClientBase): unknown {
  return 'processID' in client ? client.processID : 0;
}

/** Whether the process that answers is the one that the connection was made to, which tells a server from a pooler. */
export async function hasServerOfItsOwn(client: ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ process: number }>('SELECT pg_backend_pid() AS process');
  return rows[0]?.process === serverProcess(client);
}
