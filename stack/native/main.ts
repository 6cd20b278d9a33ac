import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Child, announcedUrl } from '../../lab/dev/child.ts';
import {
  type EmbeddedPostgres,
  openDataFolder,
  startEmbeddedPostgres,
} from '../../lab/dev/postgres/embedded-postgres.ts';
import { npmIsGone } from '../../lab/dev/npm-parent.ts';
import { refuseArguments } from '../../src/arguments.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { runProcess } from '../../src/process.ts';
import {
  faultsForApplications,
  startEvidence,
  startGateway,
  startOrders,
  startTraffic,
} from './applications.ts';
import { logRecords, recipes, type Surroundings } from './backends.ts';
import { watchForFirstData } from './first-data.ts';
import { type Parts, sampleMemory } from './memory.ts';
import { choosePorts } from './ports.ts';
import { type Program, startProgram } from './program.ts';
import { memoryTable, partsTable, urlsTable } from './tables.ts';
import { findTool, type Tool, type ToolName, tools } from './tools.ts';

/**
 * `npm run stack:native`: the compose stack without containers, with the same configuration files and ports. A part whose
 * program is not installed is left out, and the table says so. Ctrl-C ends everything.
 */

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** In the order of their start: each program starts after those that it calls. */
const order: readonly ToolName[] = [
  'redis',
  'jaeger',
  'loki',
  'otel-collector',
  'alertmanager',
  'prometheus',
  'grafana',
];

refuseArguments();
await runProcess(async ({ signal, request }) => {
  // Without a listener, the first line that cannot be written would end this process before its parts.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', () => request('nobody reads the output any more'));
  const startedAt = performance.now();
  const env = process.env;
  const npmGone = npmIsGone(env['npm_lifecycle_event']);
  const ports = await choosePorts(env, await faultsForApplications(env));
  const dataDir = path.resolve(env['STACK_DATA_DIR'] ?? '.data/stack');
  const logs = path.join(dataDir, 'logs');
  await openDataFolder(logs, 'STACK_DATA_DIR');
  await rm(logRecords(dataDir), { force: true });

  await using starting = new AsyncDisposableStack();
  say('starting PostgreSQL 18');
  const postgres = await startEmbeddedPostgres({ dataDir, log: say });
  starting.defer(() => postgres.stop());
  await migrate(postgres.url);

  const found = new Map(order.map((name) => [name, findTool(name)]));
  const surroundings: Surroundings = {
    ports,
    dataDir,
    postgresUrl: postgres.url,
    hasLoki: found.get('loki') !== undefined,
    hasAlertmanager: found.get('alertmanager') !== undefined,
  };
  const programs = new Map<ToolName, Program>();
  for (const name of order) {
    const command = found.get(name);
    if (command === undefined) continue;
    signal.throwIfAborted();
    say(`starting ${name}`);
    const recipe = await recipes[name](surroundings);
    const program = await startProgram({
      ...recipe,
      name,
      command,
      logFile: path.join(logs, `${name}.log`),
    });
    starting.defer(() => program.stop());
    programs.set(name, program);
  }

  const application = (name: string) => {
    const log = createWriteStream(path.join(logs, `${name}.log`));
    starting.defer(async () => {
      log.end();
      await once(log, 'close');
    });
    return { ports, env, onLine: (line: string) => void log.write(`${line}\n`) };
  };
  signal.throwIfAborted();
  say(
    'starting the payment gateway simulator, the order service, the evidence receiver and the traffic generator',
  );
  const gateway = await startGateway(application('payment-gateway'));
  starting.defer(() => gateway.stop());
  const orders = await startOrders(application('orders'), postgres.url, programs.has('redis'));
  starting.defer(() => orders.stop());
  const evidence = await startEvidence(application('evidence'), dataDir);
  starting.defer(() => evidence.stop());
  const traffic = await startTraffic({ ports, env, onLine: say });
  starting.defer(() => traffic.stop());

  const memory = sampleMemory(partsOf({ postgres, gateway, orders, evidence, traffic }, programs));
  starting.defer(() => {
    memory.stop();
    say(memoryTable(memory.rows()));
  });
  const rows = await Promise.all(order.map((name) => describe(name, found.get(name))));
  say(partsTable(rows));
  say(urlsTable(ports, programs));
  say(`Logs of each part: ${logs}/. Ctrl-C stops everything.\n`);

  const ending = new AbortController();
  starting.defer(() => ending.abort());
  const sources = {
    prometheusUrl: `http://127.0.0.1:${ports.PROMETHEUS_PORT}`,
    jaegerUrl: `http://127.0.0.1:${ports.JAEGER_PORT}`,
    ...(surroundings.hasLoki && { lokiUrl: `http://127.0.0.1:${ports.LOKI_PORT}` }),
    logRecords: logRecords(dataDir),
  };
  const announce = (what: string) =>
    say(`After ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${what}.`);
  void watchForFirstData(sources, announce, ending.signal);

  const everything = starting.move();
  return {
    announcement: {
      type: 'running',
      ports,
      dataDir,
      logRecords: logRecords(dataDir),
      hasLoki: surroundings.hasLoki,
      programs: [...programs.keys()],
      trafficUrl: announcedUrl(traffic, 'url'),
    },
    close: () => everything.disposeAsync(),
    closeDeadline: 60_000,
    failure: Promise.race([
      postgres.ended.then(() => 'PostgreSQL has ended.'),
      gateway.ended,
      orders.ended,
      evidence.ended,
      traffic.ended,
      npmGone,
    ]),
  };
});

function partsOf(
  own: { postgres: EmbeddedPostgres; gateway: Child; orders: Child; evidence: Child; traffic: Child },
  programs: ReadonlyMap<ToolName, Program>,
): Parts {
  return {
    orders: () => own.orders.pid,
    'payment gateway simulator': () => own.gateway.pid,
    evidence: () => own.evidence.pid,
    traffic: () => own.traffic.pid,
    postgres: () => own.postgres.pid,
    ...Object.fromEntries([...programs].map(([name, program]) => [name, program.pid])),
  };
}

async function describe(name: ToolName, command: string | undefined) {
  if (command === undefined) {
    const { build, version, onlyIfAsked }: Tool = tools[name];
    const flag = onlyIfAsked === undefined ? '' : ` -- --with-${name}`;
    const remedy = build ? `npm run stack:install${flag} builds it` : `compose runs ${version}`;
    return { name, skipped: `not installed; ${remedy}` };
  }
  const output = await promisify(execFile)(command, ['--version']).catch(() => undefined);
  const [version] = /\d+\.\d+\.\d+\S*/.exec(`${output?.stdout ?? ''}${output?.stderr ?? ''}`) ?? [];
  return { name, command, version: version ?? 'unknown version' };
}
