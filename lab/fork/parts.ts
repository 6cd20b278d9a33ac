import type { Edit } from './edits.ts';
import { withoutAdmission } from './without/admission.ts';
import { withoutAdmissionInStack } from './without/admission-in-stack.ts';
import { withoutAutoInstrumentation } from './without/auto-instrumentation.ts';
import { withoutBench } from './without/bench.ts';
import { withoutChaos } from './without/chaos.ts';
import { withoutConsole } from './without/console.ts';
import { withoutTrafficInConsole } from './without/traffic-in-console.ts';
import { withoutRedis } from './without/redis.ts';
import { withoutRedisInStack } from './without/redis-in-stack.ts';
import { withoutKubernetes, withoutStack } from './without/stack.ts';
import { withoutWorkerInStack } from './without/worker-in-stack.ts';
import { withoutWorker } from './without/worker.ts';

/**
 * What a fork consists of: the parts of the core that it takes from here, and what the starter (`lab/fork/starter/`) puts in the
 * place of the domain. A test generates a fork from it in every run of CI, so a change of the service that breaks the fork
 * fails there.
 */

/** Globs, relative to the root, of the files that every fork takes unchanged but for the names. */
export const coreFiles: readonly string[] = [
  'src/**/*',
  'lab/dev/{child,child-configs,free-addresses,npm-parent,restart-on-change,tables,terminal}.ts',
  'lab/dev/restart-on-change.test.ts',
  'lab/dev/postgres/*.ts',
  'lab/traffic/{client,config,control,health,main,summary,traffic,variables}.ts',
  'lab/traffic/health.test.ts',
  'lab/bench/shared/{command,cpu-probe,failure,options,otlp-items,otlp-sink,processes,statistics}.ts',
  'scripts/link-node.mjs',
  'tsconfig.json',
  'biome.json',
  '.oxlintrc.json',
  '.editorconfig',
  '.gitignore',
  '.dockerignore',
  '.npmrc',
  '.nvmrc',
];

/** Files that programs share: a fork has those that one of its programs imports. What imports another one stands before it. */
export const sharedFiles: readonly string[] = [
  'lab/harness/interruption.ts',
  'lab/harness/whole-number.ts',
  'lab/report/digits.ts',
  'lab/report/table.ts',
  'lab/report/machine.ts',
  'lab/report/report-folder.ts',
  'lab/simulator/invalid-request.ts',
  'lab/simulator/refuse-strangers.ts',
  'lab/simulator/answer.ts',
  'lab/simulator/seeded-random.ts',
];

/** Globs of files that belong to orders and payments. The starter has its own file of the same name for most of them. */
export const domainFiles: readonly string[] = [
  'src/{orders,payment}/**/*',
  'src/{domain,identity}.ts',
  'src/README.md',
  'src/config/{domain,gateway,settlement}-*.ts',
  'src/telemetry/metrics/order-metrics.ts',
  'src/telemetry/observers/{orders,payment}{,.test}.ts',
];

/** A part that a fork can do without. */
export interface Part {
  about: string;
  /** Globs of the files, of the core or of the starter, that go with it. */
  files: readonly string[];
  /** npm packages that go with it. */
  packages: readonly string[];
  /** A part that it is made from, so that it goes when that one goes. */
  needs?: string;
  /** What the files that stay lose with it, by their names here or in the starter. */
  edits?: Readonly<Record<string, readonly Edit[]>>;
}

/** Their edits are applied from the first to the last. */
export const parts: Readonly<Record<string, Part>> = {
  'auto-instrumentation': {
    about:
      'spans by the OpenTelemetry instrumentations (`TELEMETRY_INSTRUMENTATION=auto`) instead of those of the service',
    files: ['src/telemetry/sdk/auto-instrumentation.ts', 'src/telemetry/tracing/traced-connections.ts'],
    packages: ['@opentelemetry/auto-instrumentations-node', 'import-in-the-middle'],
    edits: withoutAutoInstrumentation,
  },
  redis: {
    about: 'rate limits that replicas share',
    files: ['src/redis/**', 'src/telemetry/observers/redis.ts', 'docs/runbooks/redis-unavailable.md'],
    packages: ['ioredis'],
    edits: { ...withoutRedis, ...withoutRedisInStack },
  },
  admission: {
    about: 'admission control: an adaptive limit on requests in flight, with priorities',
    files: [
      'src/admission/**',
      'src/http/limits/{admission-hook,early-refusal,overloaded,plain-request,unparsed-refusal}*.ts',
      'src/telemetry/observers/admission.ts',
      'deploy/prometheus-adapter.yaml',
      'docs/runbooks/requests-shed.md',
    ],
    packages: [],
    edits: { ...withoutAdmission, ...withoutAdmissionInStack },
  },
  worker: {
    about: 'settlement of what requests leave pending',
    files: [
      'src/leasing/**',
      'src/bookings/{due-bookings,settle-bookings,observe-settlement}.ts',
      'src/config/settlement-config.ts',
      'src/telemetry/observers/own-trace.ts',
      'migrations/0002_due_bookings.sql',
      'test/settlement.test.ts',
    ],
    packages: [],
    edits: { ...withoutWorker, ...withoutWorkerInStack },
  },
  stack: {
    about:
      'docker-compose.yml with HAProxy, the Collector, Jaeger, Prometheus, Loki and Grafana; alerts, dashboards, runbooks, evidence',
    files: [
      'docker-compose.yml',
      '.env.example',
      '{stack,otel-collector,prometheus,grafana}/**',
      'docs/runbooks/**',
      'test/operations/{alerts,compose,dashboards,signals}.test.ts',
      'test/operations/fixtures/compose-spec.*',
      'test/support/files/**',
      'lab/{evidence/**,harness/exposition.ts}',
    ],
    packages: [],
    // Its containers run the image of the service.
    needs: 'image',
    edits: withoutStack,
  },
  kubernetes: {
    about: 'the Helm chart, whose alerts and dashboards are those of the stack',
    files: ['deploy/**', 'test/operations/{chart,chart-rendered}.test.ts'],
    packages: [],
    needs: 'stack',
    edits: withoutKubernetes,
  },
  traffic: {
    about: 'customers who send requests, as a program and as a container of the stack',
    files: [
      'lab/traffic/**',
      'lab/console/traffic/**',
      'lab/console/page/{break-it,mix-form,outcomes,traffic,traffic-controls}.ts',
    ],
    packages: [],
    edits: withoutTrafficInConsole,
  },
  console: {
    about: 'a page over traces, logs, metrics, alerts and faults, by itself and in `npm start`',
    files: ['lab/console/**', 'lab/dev/console.ts', 'test/console.test.ts'],
    packages: ['uplot'],
    edits: withoutConsole,
  },
  bench: {
    about:
      'a benchmark: requests a second, CPU per request, p50 and p99, with and without telemetry, held against what is stored',
    files: ['lab/bench/**'],
    packages: [],
    edits: withoutBench,
  },
  chaos: {
    about:
      '`npm run chaos`: the dependency fails, or is slow; Postgres or the service gets `kill -9`; then what is stored is audited',
    files: ['lab/chaos/**'],
    packages: [],
    edits: withoutChaos,
  },
  ci: {
    about: 'the workflow for GitHub Actions',
    files: ['.github/workflows/**'],
    packages: [],
  },
  image: {
    about: 'the Dockerfile',
    files: ['Dockerfile', '.dockerignore'],
    packages: [],
  },
};

/**
 * Parts of this repository that no fork has yet, because they are about orders and payments. `--without` accepts them, so that
 * a command that names them stays valid.
 */
export const neverTaken: readonly string[] = ['logs'];

/** Names of parts with those that cannot be without them. */
export function withDependents(without: readonly string[]): string[] {
  const dependents = Object.entries(parts)
    .filter(([name, { needs }]) => needs !== undefined && without.includes(needs) && !without.includes(name))
    .map(([name]) => name);
  return dependents.length === 0 ? [...new Set(without)] : withDependents([...without, ...dependents]);
}
