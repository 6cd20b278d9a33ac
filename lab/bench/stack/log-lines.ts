import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { composeArguments } from '../../harness/compose-project.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** What a container has written. */
export interface Written {
  lines: number;
  /** Those at level error or above. */
  errors: number;
  /** The first errors, to be read. */
  examples: string[];
}

const examplesKept = 20;

/** Reads the logs of all containers of a project, from a moment or from their start on, until it is closed. */
export function watchLogs(
  project: string,
  since?: Date,
): { written: ReadonlyMap<string, Written>; close: () => void } {
  const written = new Map<string, Written>();
  const options = ['--follow', '--no-color', ...(since ? ['--since', since.toISOString()] : [])];
  const child = spawn('docker', [...composeArguments(project), 'logs', ...options], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  createInterface({ input: child.stdout }).on('line', (prefixed) => {
    const [, name = '', line = ''] = /^([\w-]+?)(?:-1)? +\| ?(.*)$/.exec(prefixed) ?? [];
    if (name === '') return;
    const entry = written.get(name) ?? { lines: 0, errors: 0, examples: [] };
    written.set(name, entry);
    entry.lines += 1;
    if (!isError(line)) return;
    entry.errors += 1;
    if (entry.examples.length < examplesKept) entry.examples.push(line);
  });
  return { written, close: () => child.kill() };
}

/**
 * How the programs of the stack write a line at level error or above: JSON of the service and of Jaeger, logfmt of Prometheus,
 * Alertmanager, Loki and Grafana, tabs of the Collector, PostgreSQL, HAProxy, Valkey.
 */
const forms: readonly RegExp[] = [
  /"(?:level|severity_text)" ?: ?"(?:error|fatal|panic|critical)"/i,
  /\b(?:level|lvl)=(?:error|fatal|panic|crit|eror)\b/i,
  /^\S+\t(?:error|fatal|panic|dpanic)\t/,
  /\b(?:ERROR|FATAL|PANIC):  /,
  /\[(?:ALERT|EMERG|CRIT)\]|^<[0-3]>/,
  /^\d+:[A-Z] .+ # .*(?:error|fatal|failed|can't)/i,
];

export const isError = (line: string): boolean => forms.some((form) => form.test(line));
