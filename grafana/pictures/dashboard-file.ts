import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** What the pictures need of a dashboard's file. */

export interface Panel {
  type: 'row' | 'stat' | 'timeseries' | 'state-timeline' | 'heatmap' | 'logs' | 'table';
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  fieldConfig?: { defaults: Field; overrides: Override[] };
}

export interface Target {
  expr: string;
  legendFormat?: string;
}

export interface Field {
  unit?: string;
  decimals?: number;
  min?: number;
  max?: number;
  thresholds?: { steps: Threshold[] };
  mappings?: Array<{ options: Record<string, { text: string; color: string }> }>;
  custom?: { stacking?: { mode: string }; thresholdsStyle?: { mode: string } };
}

export interface Threshold {
  value: number | null;
  color: string;
}

export interface Override {
  matcher: { id: 'byRegexp' | 'byName'; options: string };
  properties: Array<{ id: string; value?: unknown }>;
}

export interface DashboardFile {
  uid: string;
  title: string;
  description: string;
  panels: Panel[];
}

const folder = path.resolve(import.meta.dirname, '../dashboards');

export async function readDashboardFiles(): Promise<DashboardFile[]> {
  const names = (await readdir(folder)).toSorted();
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(path.join(folder, name), 'utf8')) as DashboardFile),
  );
}

/** Whether an override is about the series. */
export function matches({ matcher }: Override, name: string): boolean {
  return matcher.id === 'byName' ? matcher.options === name : new RegExp(matcher.options).test(name);
}
