import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { compose, freePorts, removeAtTheEnd } from '../../lab/harness/compose-project.ts';

declare module 'vitest' {
  interface ProvidedContext {
    stack: Stack;
  }
}

/** The stack under test, started for one run of the tests. */
export interface Stack {
  apiUrl: string;
  adminUrl: string;
  gatewayUrl: string;
  jaegerUrl: string;
  prometheusUrl: string;
  otlpUrl: string;
  /** Undefined without Loki. */
  lokiUrl?: string;
  /** Undefined without Alertmanager. */
  alertmanagerUrl?: string;
  /** Undefined without Grafana. */
  grafanaUrl?: string;
  /** Containers only: the name of their project. */
  project?: string;
  /** Native only: the launcher's process, its data, and the file that stands in for Loki. */
  native?: { pid: number; dataDir: string; logRecords: string };
}

const root = path.resolve(import.meta.dirname, '../..');

/** STACK=native (the default) starts it as processes of this machine, STACK=compose as containers. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { stack, stop } = process.env['STACK'] === 'compose' ? await startCompose() : await startNative();
  const { lokiUrl: Loki, alertmanagerUrl: Alertmanager, grafanaUrl: Grafana } = stack;
  const missing = Object.entries({ Loki, Alertmanager, Grafana }).flatMap(([name, url]) =>
    url === undefined ? [name] : [],
  );
  if (missing.length > 0)
    process.stdout.write(`Not tested, because it is not here: ${missing.join(', ')}.\n`);
  project.provide('stack', stack);
  return stop;
}

interface Started {
  stack: Stack;
  stop: () => Promise<void>;
}

interface Running {
  ports: Record<string, number>;
  dataDir: string;
  logRecords: string;
  programs: string[];
}

/** Starts it on free ports with its own data. */
async function startNative(): Promise<Started> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'orders-stack-'));
  const ports = [
    'API',
    'ADMIN',
    'SIMULATOR',
    'GRAFANA',
    'JAEGER',
    'PROMETHEUS',
    'LOKI',
    'OTLP',
    'ALERTMANAGER',
    'EVIDENCE',
  ];
  const child = spawn(process.execPath, ['stack/native/main.ts'], {
    cwd: root,
    env: {
      ...process.env,
      // The test runner's value is not valid for the service.
      NODE_ENV: 'development',
      STACK_DATA_DIR: dataDir,
      ...Object.fromEntries(ports.map((name) => [`${name}_PORT`, '0'])),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const ended = once(child, 'exit');
  const announced = once(child, 'message') as Promise<[Running]>;
  const failed = ended.then(async () => {
    await rm(dataDir, { recursive: true, force: true });
    throw new Error(`The stack has ended before it ran:\n${output}`);
  });
  const [running] = await Promise.race([announced, failed]);
  const has = (name: string) => running.programs.includes(name);
  for (const name of ['otel-collector', 'jaeger', 'prometheus']) {
    if (!has(name)) throw new Error(`There is no ${name} on this machine: npm run stack:install`);
  }
  const url = (name: string) => `http://127.0.0.1:${running.ports[name]}`;
  return {
    stack: {
      ...urlsOfBoth(url),
      ...(has('loki') && { lokiUrl: url('LOKI_PORT') }),
      ...(has('alertmanager') && { alertmanagerUrl: url('ALERTMANAGER_PORT') }),
      ...(has('grafana') && { grafanaUrl: url('GRAFANA_PORT') }),
      native: { pid: child.pid ?? 0, dataDir: running.dataDir, logRecords: running.logRecords },
    },
    async stop() {
      child.kill('SIGINT');
      await ended;
      process.stdout.write(`${output.slice(output.lastIndexOf('\n  memory, MiB'))}\n`);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The addresses that the stack has with and without containers. */
function urlsOfBoth(url: (port: string) => string) {
  return {
    apiUrl: url('API_PORT'),
    adminUrl: url('ADMIN_PORT'),
    gatewayUrl: url('SIMULATOR_PORT'),
    jaegerUrl: url('JAEGER_PORT'),
    prometheusUrl: url('PROMETHEUS_PORT'),
    otlpUrl: url('OTLP_PORT'),
  };
}

/** Starts it on free ports, as a project of its own. */
async function startCompose(): Promise<Started> {
  const project = `observable-orders-test-${process.pid}`;
  const ports = await freePorts();
  const stop = removeAtTheEnd(project);
  try {
    await compose(project, ['up', '--detach', '--wait', '--build'], ports);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = (name: string) => `http://127.0.0.1:${ports[name]}`;
  const [isLoki, isGrafana] = await Promise.all([
    saysItsVersion(`${url('LOKI_PORT')}/loki/api/v1/status/buildinfo`),
    saysItsVersion(`${url('GRAFANA_PORT')}/api/health`),
  ]);
  if (process.env['CI'] !== undefined && !(isLoki && isGrafana)) {
    await stop();
    throw new Error('The containers `loki` and `grafana` are those programs in CI, and another one answers.');
  }
  return {
    stack: {
      project,
      ...urlsOfBoth(url),
      ...(isLoki && { lokiUrl: url('LOKI_PORT') }),
      alertmanagerUrl: url('ALERTMANAGER_PORT'),
      ...(isGrafana && { grafanaUrl: url('GRAFANA_PORT') }),
    },
    stop,
  };
}

/**
 * Whether the program itself answers, and not one that only stands in for it where its image cannot be had.
 *
 * @see https://grafana.com/docs/loki/latest/reference/loki-http-api/#list-build-information
 * @see https://grafana.com/docs/grafana/latest/developers/http_api/other/#health-api
 */
async function saysItsVersion(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const answer: unknown = await response.json().catch(() => undefined);
  return typeof answer === 'object' && answer !== null && 'version' in answer;
}
