import type { Client, ClientConfig, PoolConfig } from 'pg';
import { identity } from '../identity.ts';
import { outsideRequests } from '../async-context.ts';
import type { DatabaseHost, DatabaseTls, DatabaseUrl } from '../config/database-url.ts';
import { startTimeLimit } from '../resilience/time-limit.ts';
import { searchServers } from './server-search.ts';
import { TimeLimitedClient } from './time-limited-client.ts';
import { notBound, readOnly, tlsFault, tooOld } from './unsuitable-server.ts';

export interface ConnectionOptions {
  /** Milliseconds to connect to a server. */
  timeout: number;
  /** Called when sessions go to another server than before, and for the first one. */
  onServer?: (server: DatabaseHost) => void;
}

/**
 * What pg needs for sessions as DATABASE_URL describes them, and for nothing else: of several hosts, they go to the one
 * that takes writes. A server that is too old, read-only or not who it should be is refused with an `UnsuitableServer`.
 */
export function connectionConfig(
  url: DatabaseUrl,
  options: ConnectionOptions,
): Omit<PoolConfig, 'Client'> & { Client: ClientClass } {
  const config: ClientConfig = {
    user: url.user,
    password: url.password,
    database: url.database,
    options: url.options,
    application_name: url.applicationName ?? identity.name,
    connectionTimeoutMillis: options.timeout,
    keepAlive: true,
    ssl: url.tls ? tlsOptions(url.tls) : false,
    ...(url.tls && {
      sslnegotiation: url.tls.direct ? 'direct' : 'postgres',
      enableChannelBinding: url.tls.channelBinding !== 'disable',
    }),
  };
  return { ...config, Client: clientClass(url, config, options.onServer ?? (() => {})) };
}

/** One session that is not connected yet. */
export function createClient(url: DatabaseUrl, options: ConnectionOptions): Client {
  const { Client: ClientOfUrl, ...config } = connectionConfig(url, options);
  return new ClientOfUrl(config);
}

function tlsOptions({
  verify,
  ca,
  cert,
  key,
  passphrase,
  minVersion,
}: DatabaseTls): NonNullable<ClientConfig['ssl']> {
  const given = Object.entries({ ca, cert, key, passphrase, minVersion }).filter(
    ([, value]) => value !== undefined,
  );
  return {
    ...Object.fromEntries(given),
    rejectUnauthorized: verify !== 'nothing',
    ...(verify === 'ca' && { checkServerIdentity: () => undefined }),
  };
}

type ClientClass = new (config?: ClientConfig) => Client;
type Connected = ((error: Error) => void) | ((error: null, client: Client) => void);

function clientClass(
  url: DatabaseUrl,
  config: ClientConfig,
  onServer: (server: DatabaseHost) => void,
): ClientClass {
  const [first, ...others] = url.hosts;
  const sessions = new Map<Client, DatabaseHost>();
  let current: DatabaseHost | undefined;
  const search =
    others.length > 0 ? searchServers(url.hosts, (server) => ask(url, config, server), moveTo) : undefined;

  /** Breaks the sessions with other servers: they still answer reads, and what they know may be old. */
  function moveTo(found: DatabaseHost): void {
    current = found;
    for (const [client, server] of sessions) {
      if (server !== found) client.connection.stream.destroy();
    }
    onServer(found);
  }

  return class extends TimeLimitedClient {
    constructor(sessionConfig: ClientConfig = config) {
      super(first ? at(first, sessionConfig) : sessionConfig);
    }

    override connect(): Promise<Client>;
    override connect(callback: Connected): void;
    override connect(callback?: (error: never, client: Client) => void): Promise<Client> | void {
      // The connection and the timers of the pool, which start in the callback, serve many requests.
      const connecting = outsideRequests(() => this.#connect());
      if (callback === undefined) return connecting;
      const report = callback as (error: Error | null, client: Client) => void;
      void outsideRequests(() =>
        connecting.then(
          () => report(null, this),
          (error: Error) => report(error, this),
        ),
      );
    }

    async #connect(): Promise<Client> {
      const server = await search?.find();
      // pg reads the two when it connects.
      if (server) Object.assign(this, server);
      try {
        await open(this, url, config.connectionTimeoutMillis, () => super.connect());
        // The others moved on while this one connected.
        if (server !== current) throw readOnly(this);
        if (server) sessions.set(this, server);
        this.once('end', () => sessions.delete(this));
        return this;
      } catch (error) {
        if (server) search?.failed(server);
        this.end().catch(() => {});
        throw error;
      }
    }
  };
}

/** libpq uses no TLS on a Unix socket either. */
const at = (server: DatabaseHost, config: ClientConfig): ClientConfig => ({
  ...config,
  // pg-pool hides it from enumeration.
  password: config.password,
  // pg's timer would run before the socket is read: `open` has a limit of its own.
  connectionTimeoutMillis: 0,
  ...server,
  ...(server.host.startsWith('/') && { ssl: false }),
});

/** Connects to the server and leaves it. */
async function ask(url: DatabaseUrl, config: ClientConfig, server: DatabaseHost): Promise<void> {
  const client = new TimeLimitedClient(at(server, config));
  try {
    await open(client, url, config.connectionTimeoutMillis, () => client.connect());
  } finally {
    client.end().catch(() => {});
  }
}

/** Connects, and refuses a server that DATABASE_URL does not describe. @throws {UnsuitableServer} */
async function open(
  client: Client,
  { target, tls }: DatabaseUrl,
  timeout: number | undefined,
  connect: () => Promise<unknown>,
): Promise<void> {
  // A connection can break while its owner does not listen, and the event would end the process. A statement reports it, too.
  client.on('error', () => {});
  let version = '';
  let bound = false;
  client.connection.on('parameterStatus', (status: { parameterName: string; parameterValue: string }) => {
    if (status.parameterName === 'server_version') version = status.parameterValue;
  });
  client.connection.on('authenticationSASL', ({ mechanisms }: { mechanisms: readonly string[] }) => {
    bound = mechanisms.includes('SCRAM-SHA-256-PLUS');
  });
  const late = () => client.connection.stream.destroy(new Error('timeout expired'));
  const limit = startTimeLimit({ running: timeout ?? Infinity }, late);
  try {
    await connect();
    const unsuitable =
      tooOld(client, version) ??
      (tls?.channelBinding === 'require' && !bound ? notBound(client) : undefined) ??
      (target !== 'any' && (await isReadOnly(client, target, timeout)) ? readOnly(client) : undefined);
    if (unsuitable) throw unsuitable;
  } catch (error) {
    throw tlsFault(client, error) ?? error;
  } finally {
    limit.clear();
  }
}

/** The statement that libpq sends, because a pooler between may report what was true earlier. */
async function isReadOnly(
  client: Client,
  target: 'read-write' | 'primary',
  timeout: number | undefined,
): Promise<boolean> {
  const asked =
    target === 'primary' ? 'pg_is_in_recovery()' : `current_setting('transaction_read_only')::bool`;
  const query = { text: `SELECT ${asked} AS is_read_only`, query_timeout: timeout };
  const { rows } = await client.query<{ is_read_only: boolean }>(query);
  return rows[0]?.is_read_only !== false;
}
