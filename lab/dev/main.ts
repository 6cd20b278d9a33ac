import path from 'node:path';
import { refuseArguments } from '../../src/arguments.ts';
import { demoApiKey, loadConfig } from '../../src/config/config.ts';
import { environmentWarnings } from '../../src/config/environment-warnings.ts';
import { migrationVariables } from '../../src/config/migration-variables.ts';
import { variables } from '../../src/config/variables.ts';
import { StartupError } from '../../src/errors.ts';
import { runProcess } from '../../src/process.ts';
import { loadConsoleConfig } from '../console/config.ts';
import { consoleVariables } from '../console/variables.ts';
import { loadSimulatorConfig } from '../simulator/config.ts';
import { simulatorVariables } from '../simulator/variables.ts';
import { banner } from './banner.ts';
import { announcedUrl, startChild } from './child.ts';
import { type DevConsole, startConsole, telemetryEnvironment } from './console.ts';
import { type DevConfig, loadDevConfig, standIns } from './config.ts';
import { type Address, checkAddresses } from './free-addresses.ts';
import { type Dependency, startDatabase, startGateway } from './dependencies.ts';
import { npmIsGone } from './npm-parent.ts';
import { openDataFolder } from './postgres/embedded-postgres.ts';
import { restartOnChange } from './restart-on-change.ts';
import { createTerminal } from './terminal.ts';
import { throughNetwork } from './network.ts';
import { devVariables } from './variables.ts';

/** The variables of every program that `npm start` starts. */
const everyVariable = {
  ...variables,
  ...migrationVariables,
  ...simulatorVariables,
  ...consoleVariables,
  ...devVariables,
};

const source = path.resolve(import.meta.dirname, '../../src');
const serviceArgs = ['--import', path.join(source, 'telemetry/sdk.ts'), path.join(source, 'main.ts')];

/** Milliseconds that PostgreSQL and the simulator have to end after the service. */
const dependenciesDeadline = 20_000;

refuseArguments(['--watch']);

/**
 * `npm start`: the service and its dependencies in one command. Postgres and the payment gateway simulator start in
 * parallel, then the service; they stop in reverse order. In production, only the service starts.
 */
await runProcess(async ({ signal, request }) => {
  const config = loadDevConfig();
  if (config.environment === 'production') becomeService(config);
  const children = loadChildConfigs(config);
  const { shutdown, apiKeys } = children.service;
  const npmGone = npmIsGone(config.inherited['npm_lifecycle_event']);
  const watching = process.argv.includes('--watch');
  const terminal = createTerminal({
    colour: process.stdout.isTTY && !config.inherited['NO_COLOR'],
    onGone: () => request('nobody reads the output any more'),
  });
  for (const warning of environmentWarnings(everyVariable, config.inherited))
    terminal.say(`Warning: ${warning}`);
  await checkAddresses(addressesOf(config, children));
  if (config.databaseUrl === undefined) await openDataFolder(config.dataDir);

  await using starting = new AsyncDisposableStack();
  // The console stops last, because the others emit telemetry while they stop.
  const consoleStart = startConsole(config, terminal, signal);
  starting.defer(() => stopOnceStarted(consoleStart));
  const databaseStart = startDatabase(config, terminal, signal);
  starting.defer(() => stopOnceStarted(databaseStart));
  const gatewayStart = consoleStart.then((receiver) =>
    startGateway(config, terminal, telemetryEnvironment(config, receiver), signal),
  );
  starting.defer(() => stopOnceStarted(gatewayStart));
  const [receiver, database, gateway] = await Promise.all([consoleStart, databaseStart, gatewayStart]);

  const addresses = await throughNetwork(config, gateway, {
    DATABASE_URL: database.url,
    PAYMENT_GATEWAY_URL: gateway.url,
    REDIS_URL: config.inherited['REDIS_URL'],
  });
  const startService = (ports: Readonly<Record<string, string>>, until?: AbortSignal) =>
    startChild({
      name: 'The order service',
      args: serviceArgs,
      env: {
        ...serviceEnvironment(config, receiver),
        ...ports,
        ...addresses,
      },
      onLine: terminal.showLogLine,
      signal: until,
    });
  const service = await startService({}, signal);
  const apiUrl = announcedUrl(service, 'url');
  const adminUrl = announcedUrl(service, 'adminUrl');
  // A restart reuses the ports, so that the banner stays true.
  const samePorts = { PORT: new URL(apiUrl).port, ADMIN_PORT: new URL(adminUrl).port };
  const running = watching
    ? restartOnChange(service, { folder: source, start: () => startService(samePorts), say: terminal.say })
    : service;
  starting.defer(() => running.stop());
  receiver?.watch({
    apiUrl,
    apiKey: apiKeys.reveal()[0]?.key ?? '',
    metricsUrl: `${adminUrl}/metrics`,
    // Only a gateway that was started here is known to be the simulator.
    gatewayUrl: config.gatewayUrl === undefined ? gateway.url : undefined,
    databaseUrl: database.url,
  });

  terminal.say(
    banner({
      apiUrl,
      adminUrl,
      consoleUrl: receiver?.pageUrl,
      gateway,
      storage: database.description,
      limit: serviceConfig(config, receiver).limits.requests,
      apiKey: config.apiKeys === undefined ? demoApiKey.key : undefined,
    }),
  );
  const everything = starting.move();
  return {
    announcement: service.announced,
    close: () => everything.disposeAsync(),
    closeDeadline: shutdown.drainDelay + shutdown.deadline + dependenciesDeadline,
    failure: Promise.race([database.ended, gateway.ended, ...(watching ? [] : [service.ended]), npmGone]),
  };
});

async function stopOnceStarted(start: Promise<Pick<Dependency, 'stop'> | undefined>): Promise<void> {
  const started = await start.catch(() => undefined);
  await started?.stop();
}

/** The environment of the service, except the addresses of its dependencies. */
function serviceEnvironment(config: DevConfig, receiver?: DevConsole): DevConfig['inherited'] {
  return {
    API_KEYS: standIns.API_KEYS,
    ...telemetryEnvironment(config, receiver),
  };
}

function loadChildConfigs(config: DevConfig) {
  return {
    simulator: loadSimulatorConfig(config.inherited),
    console: config.console ? loadConsoleConfig(config.inherited) : undefined,
    service: serviceConfig(config),
  };
}

/** What the service will read, but for the addresses that are not known yet. */
function serviceConfig(config: DevConfig, receiver?: DevConsole) {
  return loadConfig({ ...standIns, ...serviceEnvironment(config, receiver) });
}

/** Where the children will listen. */
function addressesOf(config: DevConfig, children: ReturnType<typeof loadChildConfigs>): Address[] {
  const { service, simulator, console: page } = children;
  return [
    { ...service.http, variable: 'PORT' },
    { ...service.admin, variable: 'ADMIN_PORT' },
    ...(config.gatewayUrl === undefined ? [{ ...simulator, variable: 'SIMULATOR_PORT' }] : []),
    ...(page ? [{ host: '127.0.0.1', port: page.port, variable: 'CONSOLE_PORT' }] : []),
  ];
}

/** Replaces this process, so that signals and the exit code are the service's own. */
function becomeService({ inherited }: DevConfig): never {
  const env = Object.entries(inherited).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  if (process.execve === undefined) throw new StartupError('Use "npm run serve" on this system.');
  return process.execve(process.execPath, [process.execPath, ...serviceArgs], Object.fromEntries(env));
}
