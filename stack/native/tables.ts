import type { MemoryRow } from './memory.ts';
import type { Ports } from './ports.ts';
import type { ToolName } from './tools.ts';

export interface PartRow {
  name: string;
  command?: string;
  version?: string;
  skipped?: string;
}

/** Which parts run, and which were left out. */
export function partsTable(rows: readonly PartRow[]): string {
  const own = [
    { name: 'postgres', version: '18', command: 'embedded, from npm' },
    { name: 'orders, simulator, traffic, evidence', version: '', command: 'from this checkout' },
  ];
  const lines = [...own, ...rows].map(({ name, version, command, skipped }: PartRow) => [
    name,
    skipped === undefined ? 'running' : 'left out',
    skipped ?? `${version ?? ''} ${command ?? ''}`.trim(),
  ]);
  return `\n${align(lines)}\n`;
}

export function urlsTable(ports: Ports, running: ReadonlyMap<ToolName, unknown>): string {
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const rows: Array<[string, string] | undefined> = [
    ['API', `${url(ports.API_PORT)}/docs`],
    ['Admin', `${url(ports.ADMIN_PORT)}/status`],
    ['Payment gateway', url(ports.SIMULATOR_PORT)],
    ['Evidence', url(ports.EVIDENCE_PORT)],
    running.has('grafana') ? ['Grafana', url(ports.GRAFANA_PORT)] : undefined,
    running.has('jaeger') ? ['Jaeger', url(ports.JAEGER_PORT)] : undefined,
    running.has('prometheus') ? ['Prometheus', url(ports.PROMETHEUS_PORT)] : undefined,
    running.has('alertmanager') ? ['Alertmanager', url(ports.ALERTMANAGER_PORT)] : undefined,
    running.has('loki') ? ['Loki', url(ports.LOKI_PORT)] : undefined,
    running.has('otel-collector') ? ['OTLP over HTTP', url(ports.OTLP_PORT)] : undefined,
  ];
  return `${align(rows.filter((row) => row !== undefined))}\n`;
}

/** The highest and the last sample of each part, in MiB. */
export function memoryTable(rows: readonly MemoryRow[]): string {
  const mebibytes = (bytes: number) => String(Math.round(bytes / 2 ** 20));
  const total = (pick: (row: MemoryRow) => number) => rows.reduce((sum, row) => sum + pick(row), 0);
  const lines = [
    ['memory, MiB', 'highest', 'last'],
    ...rows.map(({ name, highest, latest }) => [name, mebibytes(highest), mebibytes(latest)]),
    ['together', mebibytes(total(({ highest }) => highest)), mebibytes(total(({ latest }) => latest))],
  ];
  return `\n${align(lines)}\n`;
}

function align(rows: ReadonlyArray<readonly string[]>): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows
    .map((row) => `  ${row.map((cell, column) => cell.padEnd((widths[column] ?? 0) + 2)).join('')}`.trimEnd())
    .join('\n');
}
