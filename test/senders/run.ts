import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { LogRecord, MetricList, SpanRecord, TraceList } from '../../lab/console/api-types.ts';
import { pathOf } from '../../lab/harness/path-of.ts';
import { table } from '../../lab/report/table.ts';
import { startTestConsole, type TestConsole } from '../support/processes/console.ts';

/** Sends telemetry to the console with the SDKs of other languages and versions, and compares what it shows. Needs a network. */

const usage = `npm run test:senders -- [options]

  --folder <path>  keeps the installed packages there (default: a folder of the system for temporary files)
  --out <file>     also write the table there, for example docs/senders.md
  --help           show this

A sender whose language is not installed, or whose packages cannot be reached, is left out and named.
`;

const run = promisify(execFile);
/** Milliseconds: a first run downloads and compiles. */
const patience = 600_000;

interface Sender {
  name: string;
  program: string;
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
    program: 'python3',
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
      const kinds = {
        counter: 'counter',
        updown: 'updown',
        histogram: 'histogram',
        exponential: 'histogram',
        gauge: 'gauge',
      };
      return [
        ...(await traceFaults(shown, stdout.trim(), { ...sentAttributes, ...large })),
        ...(await lineFaults(shown, stdout.trim(), {
          level: 'warn',
          text: JSON.stringify({ said: service }),
        })),
        ...(await metricFaults(shown, service, kinds)),
      ];
    },
  };
}

function javascript(version: string, exporter: string, sdk: string, format: 'http' | 'proto'): Sender {
  return {
    name: `JavaScript ${version}, ${format === 'http' ? 'JSON' : 'protobuf'}`,
    program: 'npm',
    async install(folder) {
      await writeFile(path.join(folder, 'package.json'), '{}');
      const packages = [
        '@opentelemetry/api@1',
        `@opentelemetry/sdk-trace-base@${sdk}`,
        `@opentelemetry/resources@${sdk}`,
        `@opentelemetry/exporter-trace-otlp-${format}@${exporter}`,
      ];
      await call('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', folder, ...packages]);
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
  program: 'go',
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

const senders: readonly Sender[] = [
  javascript('1.x', '0.57.2', '1.30.1', 'http'),
  javascript('1.x', '0.57.2', '1.30.1', 'proto'),
  javascript('2.x', '0.200.0', '2.0.0', 'proto'),
  javascript('2.x', '0.223.1', '2.12.1', 'http'),
  python('none'),
  python('gzip'),
  python('deflate'),
  go,
];
/** Languages without a sender here. */
const missing = ['Java', 'Rust', '.NET'];

async function traceFaults(shown: TestConsole, traceId: string, attributes: object): Promise<string[]> {
  const { status, body } = await shown.call('GET', `/api/traces/${traceId}`);
  if (status !== 200) return ['the trace'];
  const { spans } = body as { spans: SpanRecord[] };
  const [outer, inner] = ['outer', 'inner'].map((name) => spans.find((span) => span.name === name));
  const faults = Object.entries(attributes).flatMap(([name, value]) => {
    const got = JSON.stringify(inner?.attributes[name]);
    return got === JSON.stringify(value) ? [] : [`${name}: ${got}`];
  });
  if (inner?.parentId !== outer?.spanId) faults.push('parent');
  if (outer?.kind !== 'SERVER') faults.push('kind');
  if (inner?.failed !== true || inner.message !== 'broken') faults.push('status');
  if (inner?.events[0]?.name !== 'happened') faults.push('event');
  return faults;
}

async function lineFaults(shown: TestConsole, traceId: string, line: Partial<LogRecord>): Promise<string[]> {
  const { lines } = (await shown.call('GET', `/api/logs?trace=${traceId}`)).body as { lines: LogRecord[] };
  const [got] = lines;
  return got?.level === line.level && got?.text === line.text ? [] : [`line: ${JSON.stringify(got)}`];
}

async function metricFaults(
  shown: TestConsole,
  service: string,
  kinds: Readonly<Record<string, string>>,
): Promise<string[]> {
  const { metrics } = (await shown.call('GET', '/api/metrics')).body as MetricList;
  return Object.entries(kinds).flatMap(([name, kind]) => {
    const got = metrics.find((metric) => metric.name === name && metric.services.includes(service));
    return got?.kind === kind ? [] : [`metric ${name}: ${got?.kind ?? 'missing'}`];
  });
}

/** @returns the cells of the row, and whether it is no failure */
async function tryOut(
  sender: Sender,
  folder: string,
  number: number,
): Promise<{ outcome: string; failed: boolean }> {
  if (pathOf(sender.program) === undefined)
    return { outcome: `left out: ${sender.program} is not installed`, failed: false };
  const own = path.join(folder, sender.name.replaceAll(/\W+/g, '-'));
  try {
    await mkdir(own, { recursive: true });
    await sender.install(own);
  } catch (error) {
    return { outcome: `left out: not installable (${String(error).split('\n')[0]})`, failed: false };
  }
  // One for each sender, so that none sees what another one sent.
  await using shown = await startTestConsole();
  const faults = await sender
    .send(own, shown, `sender-${number}`)
    .catch((error: unknown) => [String(error).slice(0, 300)]);
  const all = [...faults, ...shown.defects.map(String)];
  return { outcome: all.length === 0 ? 'everything as it was sent' : all.join('; '), failed: all.length > 0 };
}

const { values } = parseArgs({
  options: {
    folder: { type: 'string', default: path.join(tmpdir(), 'console-senders') },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(usage);
else {
  const rows: string[][] = [];
  for (const [number, sender] of senders.entries()) {
    process.stdout.write(`${sender.name}: installing and sending, minutes at the first time\n`);
    const { outcome, failed } = await tryOut(sender, values.folder, number);
    if (failed) process.exitCode = 1;
    rows.push([sender.name, outcome]);
  }
  for (const name of missing) rows.push([name, 'left out: no sender is written for it']);
  const markdown = `# Senders that the console was tried with

\`npm run test:senders\` on ${new Date().toISOString().slice(0, 10)}: spans with every kind of attribute, an event and a status; log lines; metrics of every kind.

${table([['sender', 'the console shows'], ...rows])}
`;
  process.stdout.write(`\n${markdown}`);
  if (values.out !== undefined) await writeFile(values.out, markdown);
}
