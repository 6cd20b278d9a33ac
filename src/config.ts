import { inspect } from 'node:util';

/**
 * Everything that can be configured, read from the environment once, at start.
 * This is the only file that reads `process.env`; the table in README.md is generated from `variables`.
 */

/** A value that never prints: not in a log line, not in an error, not in `console.log(config)`. */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** The environment does not describe a service that can run. `message` has one line per fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'invalid_configuration';

  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Variable<T> {
  /** The parsed value, or `undefined` where the text is not of the expected form. */
  parse(text: string): T | undefined;
  /** Completes "NAME must be …". */
  expected: string;
  meaning: string;
  /** As it would be typed; a variable without one is required. */
  default?: string;
  /** The text is left out of error messages. */
  secret?: true;
}

type Rest<T> = Omit<Variable<T>, 'parse' | 'expected'>;

const text = (rest: Rest<string>): Variable<string> => ({
  ...rest,
  expected: 'a text that is not empty',
  parse: (raw) => (raw === '' ? undefined : raw),
});

const oneOf = <const T extends string>(values: readonly T[], rest: Rest<T>): Variable<T> => ({
  ...rest,
  expected: `one of ${values.join(', ')}`,
  parse: (raw) => values.find((value) => value === raw),
});

const wholeNumber = (minimum: number, maximum: number, rest: Rest<number>): Variable<number> => ({
  ...rest,
  expected: `a whole number from ${minimum} to ${maximum}`,
  parse: (raw) => {
    const value = /^\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN;
    return value >= minimum && value <= maximum ? value : undefined;
  },
});

const share = (rest: Rest<number>): Variable<number> => ({
  ...rest,
  expected: 'a share from 0 to 1, such as 0.2',
  parse: (raw) => (/^(0|1|0?\.\d+|1\.0+)$/.test(raw) ? Number(raw) : undefined),
});

const millisecondsPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Node's timers fire at once for anything longer. */
const longestTimer = 2 ** 31 - 1;

/** In milliseconds once parsed. */
const duration = (rest: Rest<number>): Variable<number> => ({
  ...rest,
  expected: 'a duration such as 250ms, 3s, 5m or 24h, of at most 24 days',
  parse: (raw) => {
    const [, amount, unit = ''] = /^(\d{1,10})(ms|s|m|h)$/.exec(raw) ?? [];
    const value = Number(amount) * (millisecondsPerUnit[unit] ?? Number.NaN);
    return value <= longestTimer ? value : undefined;
  },
});

const url = (protocols: readonly string[], rest: Rest<string>): Variable<string> => ({
  ...rest,
  expected: `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  parse: (raw) => (URL.canParse(raw) && protocols.includes(new URL(raw).protocol) ? raw : undefined),
});

/** A client of the API and the key it authenticates with. */
export interface ApiKey {
  client: string;
  key: string;
}

const apiKeys = (rest: Rest<ApiKey[]>): Variable<ApiKey[]> => ({
  ...rest,
  expected:
    'client:key pairs such as "shop:key1,pos:key2", clients of letters, digits, "-" and "_", keys of visible ASCII without commas, no key twice',
  parse: (raw) => {
    const pairs: ApiKey[] = [];
    for (const pair of raw.split(',')) {
      const [, client, key] = /^\s*([\w-]{1,64}):([!-+\--~]{1,255})\s*$/.exec(pair) ?? [];
      if (client === undefined || key === undefined) return undefined;
      pairs.push({ client, key });
    }
    return new Set(pairs.map(({ key }) => key)).size === pairs.length ? pairs : undefined;
  },
});

export const variables = {
  NODE_ENV: oneOf(['development', 'test', 'production'], {
    default: 'development',
    meaning: 'with `production` nothing embedded starts and the demo key is refused',
  }),
  HOST: text({ default: '127.0.0.1', meaning: 'address the API listens on' }),
  PORT: wholeNumber(0, 65_535, { default: '7070', meaning: 'port of the API; 0 takes any free one' }),
  ADMIN_HOST: text({
    default: '127.0.0.1',
    meaning: 'address of the admin listener (health, metrics, status)',
  }),
  ADMIN_PORT: wholeNumber(0, 65_535, { default: '7071', meaning: 'port of the admin listener' }),
  DATABASE_URL: url(['postgres:', 'postgresql:'], {
    meaning: 'the Postgres database; `npm start` brings its own when it is not set',
    secret: true,
  }),
  PAYMENT_GATEWAY_URL: url(['http:', 'https:'], {
    meaning: 'base URL of the payment gateway; `npm start` brings a simulator when it is not set',
  }),
  API_KEYS: apiKeys({
    meaning: 'who may call: `client:key` pairs, comma-separated; `npm start` knows `demo:demo-key`',
    secret: true,
  }),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
    default: 'info',
    meaning: 'least severe level that is logged',
  }),
  BODY_LIMIT_BYTES: wholeNumber(1024, 10_485_760, {
    default: '65536',
    meaning: 'largest request body; a larger one gets 413',
  }),
  DATABASE_POOL_MAX: wholeNumber(1, 1000, { default: '10', meaning: 'connections to Postgres at most' }),
  DATABASE_CONNECT_TIMEOUT: duration({
    default: '1s',
    meaning: 'longest wait for a connection, be it a new one or one from the pool',
  }),
  DATABASE_STATEMENT_TIMEOUT: duration({
    default: '2s',
    meaning: 'Postgres cancels a statement that runs longer',
  }),
  DATABASE_DEADLINE: duration({
    default: '3s',
    meaning: 'one statement with all its retries; then 503',
  }),
  PAYMENT_ATTEMPT_TIMEOUT: duration({
    default: '1s',
    meaning: 'one attempt at the gateway; after it the outcome of that attempt is unknown',
  }),
  PAYMENT_DEADLINE: duration({
    default: '3s',
    meaning: 'one charge with all its retries; then the order stays pending and the client gets 202',
  }),
  PAYMENT_MAX_ATTEMPTS: wholeNumber(1, 20, {
    default: '5',
    meaning: 'attempts per charge, the first included',
  }),
  PAYMENT_BACKOFF_BASE: duration({
    default: '10ms',
    meaning: 'bound of the first backoff; it doubles per retry',
  }),
  PAYMENT_BACKOFF_FLOOR: duration({
    default: '5ms',
    meaning: 'shortest backoff, because full jitter may draw nearly 0',
  }),
  PAYMENT_BACKOFF_CAP: duration({ default: '1s', meaning: 'longest backoff' }),
  PAYMENT_RETRY_BUDGET: share({
    default: '0.2',
    meaning: 'retries allowed per charge, over all requests; stops retries from multiplying an outage',
  }),
  PAYMENT_RETRY_RESERVE: wholeNumber(0, 10_000, {
    default: '20',
    meaning: 'retries that a quiet service may make before the budget counts; also the most it saves up',
  }),
  PAYMENT_CONNECTIONS: wholeNumber(1, 1000, {
    default: '64',
    meaning: 'keep-alive connections to the gateway',
  }),
  BREAKER_ERROR_SHARE: share({
    default: '0.5',
    meaning: 'the circuit opens when more than this share of the attempts in the window failed',
  }),
  BREAKER_VOLUME: wholeNumber(1, 100_000, {
    default: '20',
    meaning: 'attempts in the window before the share means anything',
  }),
  BREAKER_WINDOW: duration({ default: '10s', meaning: 'rolling window of the error share' }),
  BREAKER_OPEN_FOR: duration({
    default: '5s',
    meaning: 'time from open to half-open, when one probe is let through',
  }),
  SHUTDOWN_DRAIN_DELAY: duration({
    default: '0ms',
    meaning: 'time between failing /readyz and refusing connections; 5s behind a load balancer',
  }),
  SHUTDOWN_DEADLINE: duration({ default: '10s', meaning: 'a shutdown that takes longer is cut off' }),
} as const;

/** What only `npm start`, `npm run dev` and the simulator read. */
export const exploreVariables = {
  DATA_DIR: text({ default: '.data', meaning: 'where the embedded Postgres keeps its data' }),
  SIMULATOR_PORT: wholeNumber(0, 65_535, {
    default: '7072',
    meaning: 'port of the payment gateway simulator',
  }),
} as const;

/** One row of the table in README.md, for each variable in the order above. */
export const documentedVariables: ReadonlyArray<{
  name: string;
  default: string | undefined;
  meaning: string;
}> = Object.entries({ ...variables, ...exploreVariables }).map(([name, variable]) => ({
  name,
  default: 'default' in variable ? variable.default : undefined,
  meaning: variable.meaning,
}));

type Values<V> = { [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never };

function read<V extends Readonly<Record<string, Variable<unknown>>>>(known: V, env: Environment): Values<V> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(known)) {
    const raw = env[name] ?? variable.default;
    if (raw === undefined) {
      faults.push(`${name} is not set: ${variable.meaning}`);
      continue;
    }
    values[name] = variable.parse(raw);
    if (values[name] === undefined) {
      const found = variable.secret ? '' : `, not ${JSON.stringify(raw)}`;
      faults.push(`${name} must be ${variable.expected}${found}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return values as Values<V>;
}

/** The key that `npm start` prints. Anyone can read it, so production refuses it. */
export const demoApiKey: ApiKey = { client: 'demo', key: 'demo-key' };

export type Config = ReturnType<typeof loadConfig>;

/**
 * The service's configuration.
 *
 * @throws {ConfigError} when a variable is missing or malformed; all faults at once
 */
export function loadConfig(env: Environment = process.env) {
  const value = read(variables, env);
  if (value.NODE_ENV === 'production' && value.API_KEYS.some(({ key }) => key === demoApiKey.key)) {
    throw new ConfigError(['API_KEYS holds the public demo key, which production refuses']);
  }
  if (value.PAYMENT_BACKOFF_FLOOR > value.PAYMENT_BACKOFF_CAP) {
    throw new ConfigError(['PAYMENT_BACKOFF_FLOOR must not be longer than PAYMENT_BACKOFF_CAP']);
  }
  return {
    environment: value.NODE_ENV,
    logLevel: value.LOG_LEVEL,
    http: { host: value.HOST, port: value.PORT, bodyLimit: value.BODY_LIMIT_BYTES },
    admin: { host: value.ADMIN_HOST, port: value.ADMIN_PORT },
    apiKeys: new Secret(value.API_KEYS),
    postgres: postgresConfig(value),
    payment: {
      gatewayUrl: value.PAYMENT_GATEWAY_URL,
      connections: value.PAYMENT_CONNECTIONS,
      attemptTimeout: value.PAYMENT_ATTEMPT_TIMEOUT,
      deadline: value.PAYMENT_DEADLINE,
      maxAttempts: value.PAYMENT_MAX_ATTEMPTS,
      backoff: {
        base: value.PAYMENT_BACKOFF_BASE,
        floor: value.PAYMENT_BACKOFF_FLOOR,
        cap: value.PAYMENT_BACKOFF_CAP,
      },
      retryBudget: { share: value.PAYMENT_RETRY_BUDGET, reserve: value.PAYMENT_RETRY_RESERVE },
      breaker: {
        errorShare: value.BREAKER_ERROR_SHARE,
        volume: value.BREAKER_VOLUME,
        window: value.BREAKER_WINDOW,
        openFor: value.BREAKER_OPEN_FOR,
      },
    },
    shutdown: { drainDelay: value.SHUTDOWN_DRAIN_DELAY, deadline: value.SHUTDOWN_DEADLINE },
  };
}

const postgresVariables = {
  DATABASE_URL: variables.DATABASE_URL,
  DATABASE_POOL_MAX: variables.DATABASE_POOL_MAX,
  DATABASE_CONNECT_TIMEOUT: variables.DATABASE_CONNECT_TIMEOUT,
  DATABASE_STATEMENT_TIMEOUT: variables.DATABASE_STATEMENT_TIMEOUT,
  DATABASE_DEADLINE: variables.DATABASE_DEADLINE,
};

function postgresConfig(value: Values<typeof postgresVariables>) {
  return {
    url: new Secret(value.DATABASE_URL),
    poolMax: value.DATABASE_POOL_MAX,
    connectTimeout: value.DATABASE_CONNECT_TIMEOUT,
    statementTimeout: value.DATABASE_STATEMENT_TIMEOUT,
    deadline: value.DATABASE_DEADLINE,
  };
}

/** All that `npm run migrate` needs. @throws {ConfigError} */
export function loadMigrationConfig(env: Environment = process.env) {
  return postgresConfig(read(postgresVariables, env));
}

/** All that `npm run simulator` needs. @throws {ConfigError} */
export function loadSimulatorConfig(env: Environment = process.env) {
  const value = read(
    { HOST: variables.HOST, SIMULATOR_PORT: exploreVariables.SIMULATOR_PORT, LOG_LEVEL: variables.LOG_LEVEL },
    env,
  );
  return { host: value.HOST, port: value.SIMULATOR_PORT, logLevel: value.LOG_LEVEL };
}

/**
 * What `npm start` decides by. `databaseUrl` and `gatewayUrl` are set where the user brings a real one;
 * `inherited` is the environment that child processes start from.
 *
 * @throws {ConfigError}
 */
export function loadExploreConfig(env: Environment = process.env) {
  const value = read({ ...exploreVariables, NODE_ENV: variables.NODE_ENV }, env);
  return {
    environment: value.NODE_ENV,
    dataDir: value.DATA_DIR,
    simulatorPort: value.SIMULATOR_PORT,
    databaseUrl: env['DATABASE_URL'],
    gatewayUrl: env['PAYMENT_GATEWAY_URL'],
    apiKeys: env['API_KEYS'],
    inherited: env,
  };
}
