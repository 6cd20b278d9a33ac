import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Experiment } from '../experiment.ts';
import { detectionRows, detectionTable } from '../detection.ts';
import { toHtml } from './html.ts';
import { toMarkdown } from './markdown.ts';
import type { Report } from './report.ts';

export async function writeReport(
  folder: string,
  report: Report,
  experiments: readonly Experiment[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const files = {
    'report.md': toMarkdown(report, detectionTable(experiments)),
    'report.html': toHtml(report, detectionRows(experiments)),
    'report.json': `${JSON.stringify(report)}\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
}
