import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathOf } from '../../harness/path-of.ts';
import { onOneCore, type Outcome } from './programs.ts';

/** Length of a clock tick of `/proc` in seconds. */
const tick = 0.01;

/**
 * The OpenTelemetry Collector with the `filelog` receiver: built from collector-builder.yaml into the user's cache, or the
 * contrib distribution on the PATH.
 */
export async function findCollector(): Promise<string | undefined> {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  const built = path.join(cache, 'observable-orders', 'bin', 'logs-collector-0.157.0');
  const isBuilt = await access(built).then(
    () => true,
    () => false,
  );
  return isBuilt ? built : pathOf('otelcol-contrib');
}

/** Forwards the file, and ends the Collector once all lines have arrived. */
export async function runCollector(
  binary: string,
  options: { file: string; folder: string; sinkUrl: string; lines: number; arrived: () => Promise<number> },
  signal: AbortSignal,
): Promise<Outcome> {
  const config = path.join(options.folder, 'collector.yaml');
  await writeFile(config, configuration(options.file, options.sinkUrl));
  const command = [...onOneCore, binary, `--config=${config}`];
  const startedAt = performance.now();
  const child = spawn(command[0] ?? binary, command.slice(1), { stdio: 'ignore', env: { GOMAXPROCS: '1' } });
  const ended = once(child, 'exit');
  while ((await options.arrived()) < options.lines && child.exitCode === null) {
    signal.throwIfAborted();
    await sleep(20);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8');
  const fromState = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  child.kill('SIGKILL');
  await ended;
  return {
    lines: options.lines,
    errors: Number.NaN,
    seconds,
    cpu: (Number(fromState[11]) + Number(fromState[12])) * tick,
    maxRSS: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]),
  };
}

function configuration(file: string, sinkUrl: string): string {
  return `receivers:
  filelog:
    include: [${file}]
    start_at: beginning
    operators:
      - type: json_parser
        timestamp: { parse_from: attributes.timestamp, layout: '%Y-%m-%dT%H:%M:%S.%LZ' }
        severity: { parse_from: attributes.level }
processors:
  batch: { send_batch_size: 1000, send_batch_max_size: 1000, timeout: 1s }
exporters:
  otlp_http: { endpoint: ${sinkUrl}, compression: gzip }
service:
  telemetry: { metrics: { level: none }, logs: { level: error } }
  pipelines:
    logs: { receivers: [filelog], processors: [batch], exporters: [otlp_http] }
`;
}
