import path from 'node:path';
import { refuseArguments } from '../../src/arguments.ts';
import { demoApiKey, loadConfig } from '../../src/config/config.ts';
import { StartupError } from '../../src/errors.ts';
import { runProcess } from '../../src/process.ts';
import { loadConsoleConfig } from '../console/config.ts';
import { loadSimulatorConfig } from '../simulator/config.ts';
import { announcedUrl, startChild } from './child.ts';
import { type DevConfig, loadDevConfig, standIns } from './config.ts';
import { type DevConsole, startConsole, telemetryEnvironment } from './console.ts';
import { type Address, checkAddresses } from './free-addresses.ts';
import { npmIsGone } from './npm-parent.ts';
import { startEmbeddedPostgres } from './postgres/embedded-postgres.ts';
import { restartOnChange } from './restart-on-change.ts';
import { bringTablesUpToDate, embeddedAt } from './tables.ts';
import { createTerminal, type Terminal } from './terminal.ts';

const root = path.resolve(import.meta.dirname, '../..');
const serviceArgs = ['--import', path.join(root, 'src/telemetry/sdk.ts'), path.join(root, 'src/main.ts')];

/** Milliseconds that PostgreSQL and the simulator have to end after the service. */
const dependenciesDeadline = 20_000;

refuseArguments(['--watch']);

/**
 * `npm start`: the service and its dependencies in one command. They stop in reverse order. In production, only the service
 * starts.
 */
await runProcess(async ({ signal, request }) => {
  const config = loadDevConfig();
  if (config.environment === 'production') becomeService(config);
  const simulator = loadSimulatorConfig(config.inherited);
  const service = loadConfig({ ...standIns, ...serviceEnvironment(config) });
  const terminal = createTerminal({
    colour: process.stdout.isTTY && !config.inherited['NO_COLOR'],
    onGone: () => request('nobody reads the output any more'),
  });
  const npmGone = npmIsGone(config.inherited['npm_lifecycle_event']);
  await checkAddresses([
    { ...service.http, variable: 'PORT' },
    { ...service.admin, variable: 'ADMIN_PORT' },
    ...(config.upstreamUrl === undefined ? [{ ...simulator, variable: 'SIMULATOR_PORT' }] : []),
    ...consoleAddresses(config),
  ]);

  await using starting = new AsyncDisposableStack();
  // The console stops last, because the service emits telemetry while it stops.
  const receiver = await startConsole(config, terminal, signal);
  starting.defer(() => receiver?.stop());
  const database = await startDatabase(config, terminal, signal);
  starting.defer(() => database.stop());
  const upstream = await startUpstream(config, terminal, signal);
  starting.defer(() => upstream.stop());
  const startService = (ports: Readonly<Record<string, string>>, until?: AbortSignal) =>
    startChild({
      name: 'The service',
      args: serviceArgs,
      env: {
        ...serviceEnvironment(config, receiver),
        ...ports,
        DATABASE_URL: database.url,
        UPSTREAM_URL: upstream.url,
      },
      onLine: terminal.showLogLine,
      signal: until,
    });
  const child = await startService({}, signal);
  const apiUrl = announcedUrl(child, 'url');
  const adminUrl = announcedUrl(child, 'adminUrl');
  // A restart reuses the ports, so that the banner stays true.
  const samePorts = { PORT: new URL(apiUrl).port, ADMIN_PORT: new URL(adminUrl).port };
  const watching = process.argv.includes('--watch');
  const running = watching
    ? restartOnChange(child, {
        folder: path.join(root, 'src'),
        start: () => startService(samePorts),
        say: terminal.say,
      })
    : child;
  starting.defer(() => running.stop());
  receiver?.watch({
    apiUrl,
    apiKey: service.apiKeys.reveal()[0]?.key ?? '',
    metricsUrl: `${adminUrl}/metrics`,
    // Only a dependency that was started here is known to be the simulator.
    upstreamUrl: config.upstreamUrl === undefined ? upstream.url : undefined,
  });

  const key = config.apiKeys === undefined ? demoApiKey.key : '$API_KEY';
  terminal.say(`
  Bookings are being taken.

  API        ${apiUrl}  docs: ${apiUrl}/docs
  Admin      ${adminUrl}  /metrics  /readyz  /status
  Upstream   ${upstream.url}  ${upstream.description}
  Console    ${receiver?.pageUrl ?? 'off'}

  Create one:
curl -i -H "Authorization: Bearer ${key}" -H 'Content-Type: application/json' -H 'Idempotency-Key: first-1' -d '{"reference":"ref-42","quantity":2}' ${apiUrl}/bookings
  Read them:
curl -H "Authorization: Bearer ${key}" '${apiUrl}/bookings?limit=1'

  Ctrl-C stops everything. The data is kept for the next start.
`);
  const everything = starting.move();
  return {
    announcement: child.announced,
    close: () => everything.disposeAsync(),
    closeDeadline: service.shutdown.drainDelay + service.shutdown.deadline + dependenciesDeadline,
    failure: Promise.race([database.ended, upstream.ended, ...(watching ? [] : [child.ended]), npmGone]),
  };
});

interface Dependency {
  url: string;
  description: string;
  /** Resolves when it has ended, with a sentence that says how. */
  ended: Promise<string>;
  stop: () => Promise<void>;
}

const provided = (url: string, description: string): Dependency => ({
  url,
  description,
  ended: new Promise(() => undefined),
  stop: () => Promise.resolve(),
});

/** PostgreSQL with the tables that the service expects. @throws {StartupError} */
async function startDatabase(
  { databaseUrl, dataDir, inherited }: DevConfig,
  { say }: Terminal,
  signal: AbortSignal,
): Promise<Dependency> {
  if (databaseUrl !== undefined) {
    await bringTablesUpToDate(inherited, say, signal);
    return provided(databaseUrl, 'as set in DATABASE_URL');
  }
  say('starting PostgreSQL');
  const postgres = await startEmbeddedPostgres({ dataDir, log: say });
  try {
    signal.throwIfAborted();
    await bringTablesUpToDate({ ...inherited, ...embeddedAt(postgres.url) }, say, signal);
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return {
    url: postgres.url,
    description: dataDir,
    ended: postgres.ended.then(() => `PostgreSQL has ended. Its log is in ${dataDir}.`),
    stop: postgres.stop,
  };
}

/** The dependency of the service. @throws {StartupError} */
async function startUpstream(
  config: DevConfig,
  { say, showLogLine }: Terminal,
  signal: AbortSignal,
): Promise<Dependency> {
  if (config.upstreamUrl !== undefined) return provided(config.upstreamUrl, 'as set in UPSTREAM_URL');
  say('starting the simulator of the dependency');
  const child = await startChild({
    name: 'The simulator',
    args: [path.join(root, 'lab/simulator/main.ts')],
    env: config.inherited,
    onLine: showLogLine,
    signal,
  });
  return {
    url: announcedUrl(child, 'url'),
    description: `a simulator; break it: curl -X PUT ${announcedUrl(child, 'url')}/faults -d '{"errorRate":1}'`,
    ended: child.ended,
    stop: child.stop,
  };
}

function consoleAddresses({ console: isWanted, inherited }: DevConfig): Address[] {
  if (!isWanted) return [];
  return [{ host: '127.0.0.1', port: loadConsoleConfig(inherited).port, variable: 'CONSOLE_PORT' }];
}

/** The environment of the service, except the addresses of its dependencies. */
function serviceEnvironment(config: DevConfig, receiver?: DevConsole): DevConfig['inherited'] {
  return {
    API_KEYS: standIns.API_KEYS,
    ...telemetryEnvironment(config, receiver),
  };
}

/** Replaces this process, so that signals and the exit code are the service's own. */
function becomeService({ inherited }: DevConfig): never {
  const env = Object.entries(inherited).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  if (process.execve === undefined) throw new StartupError('Use "npm run serve" on this system.');
  return process.execve(process.execPath, [process.execPath, ...serviceArgs], Object.fromEntries(env));
}
