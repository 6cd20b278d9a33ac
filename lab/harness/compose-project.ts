import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

/** The stack in containers, beside one that a developer runs: with a project name and ports of its own. */

const root = path.resolve(import.meta.dirname, '../..');

/**
 * What stands before the command of `docker compose`. No `.env` is read, because the stack is that of this repository and not a
 * developer's; variables of this process count.
 */
export const composeArguments = (project: string): readonly string[] => [
  'compose',
  '--project-name',
  project,
  '--env-file',
  '/dev/null',
  '--file',
  'docker-compose.yml',
];

/** Runs `docker compose` for a project. */
export function compose(
  project: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)('docker', [...composeArguments(project), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
}

const portVariables = [
  'API_PORT',
  'ADMIN_PORT',
  'SIMULATOR_PORT',
  'GRAFANA_PORT',
  'JAEGER_PORT',
  'PROMETHEUS_PORT',
  'LOKI_PORT',
  'OTLP_PORT',
  'ALERTMANAGER_PORT',
  'EVIDENCE_PORT',
];

/** Fixed ones, because a container that is started again would get others than before. */
export async function freePorts(): Promise<Record<string, string>> {
  const ports = await Promise.all(portVariables.map(() => freePort()));
  return Object.fromEntries(portVariables.map((name, index) => [name, String(ports[index])]));
}

/**
 * Removes the project when this process ends, however it ends: another process waits for the end of its input. STACK_LOG
 * names a file for the containers' logs, which are lost otherwise.
 *
 * @returns removes it now
 */
export function removeAtTheEnd(project: string): () => Promise<void> {
  const command = [
    'cat > /dev/null',
    'if [ -n "$STACK_LOG" ]; then docker "$@" logs --no-color > "$STACK_LOG"; fi',
    'exec docker "$@" down --volumes --timeout 10 2> /dev/null',
  ];
  // Detached, so that Ctrl-C does not end it as well.
  const remover = spawn('/bin/sh', ['-c', command.join('\n'), 'sh', ...composeArguments(project)], {
    cwd: root,
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const removed = once(remover, 'exit');
  return async () => {
    remover.stdin.end();
    const [code] = await removed;
    if (code !== 0) throw new Error(`docker compose down ended with ${String(code)} for ${project}`);
  };
}
