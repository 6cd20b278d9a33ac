import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** What the simulator stands for besides the dependency: the pager of the alerts, and the place of the runbooks. */

const runbooks = path.resolve(import.meta.dirname, '../../docs/runbooks');

export interface Response {
  status: number;
  type: string;
  text: string;
}

/** @returns undefined if the path is of the dependency */
export function createOperations(activeFaults: () => readonly string[]) {
  const notifications: unknown[] = [];
  const text = (body: string, type = 'text/plain; charset=utf-8'): Response => ({
    status: 200,
    type,
    text: body,
  });

  return async (method: string, url: string, body: unknown): Promise<Response | undefined> => {
    if (url === '/health') return text('ok\n');
    if (/^\/alerts(?:\/messages)?$/.test(url) && method === 'POST') {
      // Alertmanager repeats a notification while its alert fires.
      notifications.push(body);
      notifications.splice(0, notifications.length - 100);
      return text('taken\n');
    }
    if (url === '/alerts') return text(JSON.stringify(notifications, null, 2), 'application/json');
    if (url === '/metrics') {
      const active = new Set(activeFaults());
      const lines = ['errorRate', 'delayMs'].map(
        (fault) => `simulator_fault_active{fault="${fault}"} ${active.has(fault) ? 1 : 0}\n`,
      );
      return text(
        `# HELP simulator_fault_active Faults that are set.\n# TYPE simulator_fault_active gauge\n${lines.join('')}`,
      );
    }
    const [, page] = /^\/runbooks\/([a-z-]+\.md)$/.exec(url) ?? [];
    if (page === undefined) return undefined;
    const found = await readFile(path.join(runbooks, page), 'utf8').catch(() => undefined);
    return found === undefined ? undefined : text(found, 'text/markdown; charset=utf-8');
  };
}
