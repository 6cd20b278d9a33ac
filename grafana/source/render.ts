import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { businessDashboard } from './business.ts';
import { dependenciesDashboard } from './dependencies.ts';
import { detectionDashboard } from './detection.ts';
import { saturationDashboard } from './saturation.ts';
import { serviceDashboard } from './service.ts';
import { telemetryDashboard } from './telemetry-health.ts';
import { refuseArguments } from '../../src/arguments.ts';

/** The folder that Grafana's provisioning reads. */
export const folder = path.resolve(import.meta.dirname, '../dashboards');

/** The text of every dashboard by file name. Deterministic, so that a test can detect stale files. */
export function renderDashboards(): Map<string, string> {
  const dashboards = [
    serviceDashboard,
    dependenciesDashboard,
    saturationDashboard,
    businessDashboard,
    detectionDashboard,
    telemetryDashboard,
  ];
  return new Map(
    dashboards.map((dashboard) => [`${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`]),
  );
}

if (import.meta.main) {
  refuseArguments();
  await mkdir(folder, { recursive: true });
  const files = renderDashboards();
  const old = (await readdir(folder)).filter((name) => name.endsWith('.json') && !files.has(name));
  await Promise.all(old.map((name) => rm(path.join(folder, name))));
  await Promise.all([...files].map(([name, text]) => writeFile(path.join(folder, name), text)));
}
