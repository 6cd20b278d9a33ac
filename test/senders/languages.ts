import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { LogRecord, TraceList } from '../../lab/console/api-types.ts';
import type { TestConsole } from '../support/processes/console.ts';
import { lineFaults, metricFaults, traceFaults } from './compare.ts';

/** Programs that send telemetry with the SDKs of other languages and versions. */

const run = promisify(execFile);
/** Milliseconds: a first run downloads and compiles. */
const patience = 600_000;

export interface Sender {
  name: string;
  /** What must be on the PATH. */
  programs: readonly string[];
  /** Installs the sender into the folder. */
  install(folder: string): Promise<unknown>;
  /** @returns what the console does not show as it was sent */
  send(folder: string, shown: TestConsole, service: string): Promise<string[]>;
}

const here = import.meta.dirname;
const call = (program: string, args: readonly string[], env: Record<string, string> = {}) =>
  run(program, args, { timeout: patience, env: { ...process.env, ...env }, maxBuffer: 10_000_000 });

const sentAttributes = { text: 'grüße 茶', yes: true, real: 0.25, list: ['a', 'b'], numbers: [1, 2] };
const large = { large: '9007199254740993', least: '-9223372036854775808' };

function python(encoding: string): Sender {
  return {
    name: `Python, ${encoding}`,
    programs: ['python3'],
    async install(folder) {
      await call('python3', ['-m', 'venv', folder]);
      await call(path.join(folder, 'bin/pip'), [
        'install',
        '--quiet',
        'opentelemetry-exporter-otlp-proto-http',
      ]);
    },
    async send(folder, shown, service) {
      const script = path.join(here, 'python-sender.py');
      const { stdout } = await call(path.join(folder, 'bin/python'), [script, shown.url, service, encoding]);
      return [
        ...(await traceFaults(shown, stdout.trim(), { ...sentAttributes, ...large })),
        ...(await lineFaults(shown, stdout.trim(), {
          level: 'warn',
          text: JSON.stringify({ said: service }),
        })),
        ...(await metricFaults(shown, service, everyMetric)),
      ];
    },
  };
}

function javascript(version: string, exporter: string, sdk: string, format: 'http' | 'proto'): Sender {
  return {
    name: `JavaScript ${version}, ${format === 'http' ? 'JSON' : 'protobuf'}`,
    programs: ['npm'],
    async install(folder) {
      await writeFile(path.join(folder, 'package.json'), '{}');
      const packages = [
        '@opentelemetry/api@1',
        `@opentelemetry/sdk-trace-base@${sdk}`,
        `@opentelemetry/resources@${sdk}`,
        `@opentelemetry/exporter-trace-otlp-${format}@${exporter}`,
      ];
      await call('npm', [
        'install',
        '--loglevel=error',
        '--no-audit',
        '--no-fund',
        '--prefix',
        folder,
        ...packages,
      ]);
    },
    async send(folder, shown, service) {
      const script = path.join(here, 'javascript-sender.mjs');
      const { stdout } = await call(process.execPath, [script, folder, shown.url, service, format]);
      return traceFaults(shown, stdout.trim(), sentAttributes);
    },
  };
}

const go: Sender = {
  name: 'Go (telemetrygen of the Collector)',
  programs: ['go'],
  install: (folder) =>
    call(
      'go',
      ['install', 'github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@latest'],
      {
        GOBIN: folder,
      },
    ),
  async send(folder, shown, service) {
    const { host } = new URL(shown.url);
    const to = ['--otlp-http', '--otlp-insecure', '--otlp-endpoint', host, '--service', service];
    const telemetrygen = path.join(folder, 'telemetrygen');
    await call(telemetrygen, ['traces', '--traces', '3', ...to]);
    await call(telemetrygen, ['logs', '--logs', '3', ...to]);
    for (const type of ['Gauge', 'Sum', 'Histogram', 'ExponentialHistogram'])
      await call(telemetrygen, [
        'metrics',
        '--metrics',
        '2',
        '--metric-type',
        type,
        '--otlp-metric-name',
        `gen.${type}`,
        ...to,
      ]);
    const { traces } = (await shown.call('GET', '/api/traces')).body as TraceList;
    const own = traces.filter(({ services }) => services.includes(service));
    const { lines } = (await shown.call('GET', '/api/logs')).body as { lines: LogRecord[] };
    const kinds = {
      Gauge: 'gauge',
      Sum: 'counter',
      Histogram: 'histogram',
      ExponentialHistogram: 'histogram',
    };
    return [
      ...(own.length === 3 && own.every(({ spans }) => spans === 2) ? [] : [`${own.length} of 3 traces`]),
      ...(lines.filter((line) => line.service === service).length === 3 ? [] : ['log lines']),
      ...(await metricFaults(
        shown,
        service,
        Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [`gen.${name}`, kind])),
      )),
    ];
  },
};

/** What the SDKs for Java and Rust are made to send. Bytes are shown by their number. */
const everyKind = {
  text: 'grüße 茶 😀 "\\\n\0',
  empty: '',
  yes: true,
  ...large,
  real: 0.25,
  tiny: Number.MIN_VALUE,
  list: ['a', 'b'],
  numbers: [1, 2],
  reals: [0.5, -1e300],
  flags: [true, false],
  none: [],
};
const nested = {
  inner: ['茶', true, '9007199254740993', 0.25, '5 bytes', '0 bytes', {}, { deep: 1 }],
};
const everyMetric = {
  counter: 'counter',
  updown: 'updown',
  histogram: 'histogram',
  exponential: 'histogram',
  gauge: 'gauge',
};

async function everyFault(
  shown: TestConsole,
  traceId: string,
  service: string,
  attributes: object,
): Promise<string[]> {
  const line = { level: 'warn', text: JSON.stringify({ said: service }), attributes: { nested } } as const;
  return [
    ...(await traceFaults(shown, traceId, attributes)),
    ...(await lineFaults(shown, traceId, line)),
    ...(await metricFaults(shown, service, everyMetric)),
  ];
}

function java(compression: 'none' | 'gzip'): Sender {
  return {
    name: `Java, ${compression}`,
    programs: ['mvn', 'javac'],
    install: (folder) =>
      call('mvn', [
        '--quiet',
        '--batch-mode',
        '--file',
        path.join(here, 'pom.xml'),
        'dependency:copy-dependencies',
        `-DoutputDirectory=${folder}`,
      ]),
    async send(folder, shown, service) {
      const script = path.join(here, 'JavaSender.java');
      const { stdout } = await call('java', [
        '-cp',
        path.join(folder, '*'),
        script,
        shown.url,
        service,
        compression,
      ]);
      return everyFault(shown, stdout.trim(), service, { ...everyKind, nested });
    },
  };
}

const rust: Sender = {
  name: 'Rust, gzip',
  programs: ['cargo'],
  install: (folder) =>
    call('cargo', ['build', '--locked', '--quiet', '--manifest-path', path.join(here, 'rust/Cargo.toml')], {
      CARGO_TARGET_DIR: folder,
    }),
  async send(folder, shown, service) {
    const { stdout } = await call(path.join(folder, 'debug/rust-sender'), [shown.url, service]);
    // Its attributes of spans are no maps and no bytes.
    return everyFault(shown, stdout.trim(), service, everyKind);
  },
};

export const senders: readonly Sender[] = [
  javascript('1.x', '0.57.2', '1.30.1', 'http'),
  javascript('1.x', '0.57.2', '1.30.1', 'proto'),
  javascript('2.x', '0.200.0', '2.0.0', 'proto'),
  javascript('2.x', '0.223.1', '2.12.1', 'http'),
  python('none'),
  python('gzip'),
  python('deflate'),
  go,
  java('none'),
  java('gzip'),
  rust,
];
