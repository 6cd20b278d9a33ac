import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from '../../lab/harness/command-line.ts';
import { wholeNumber } from '../../lab/harness/whole-number.ts';
import { faultOfFolder } from '../../lab/report/report-folder.ts';
import { readDashboardFiles } from './dashboard-file.ts';
import { drawDashboard } from './picture.ts';

/**
 * `npm run dashboards:pictures`: draws what readers will see in Grafana, from the data of a running Prometheus. The plots are
 * this project's own and look only roughly like Grafana's.
 */

const usage = `npm run dashboards:pictures -- [options]

  --prometheus <url>  the Prometheus that has the data (default http://127.0.0.1:7076)
  --minutes <n>       length of the time that is drawn (default 30)
  --until <time>      its end, such as 2026-11-28T09:00:00Z (default now)
  --out <folder>      where the pictures are written (default docs/images)
  --help              show this
`;

const points = 90;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      prometheus: { type: 'string', default: 'http://127.0.0.1:7076' },
      minutes: { type: 'string', default: '30' },
      until: { type: 'string', default: new Date().toISOString() },
      out: { type: 'string', default: 'docs/images' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const minutes = wholeNumber('--minutes', values.minutes, 1, 99_999);
  const to = Math.floor(Date.parse(values.until) / 1000);
  if (Number.isNaN(to)) throw new Error(`--until must be a time, not "${values.until}". Try --help.`);
  const fault = faultOfFolder(values.out);
  if (fault !== undefined) throw new Error(fault);
  const step = Math.max(5, Math.round((minutes * 60) / points));
  for (const dashboard of await readDashboardFiles()) {
    const range = { from: to - minutes * 60, to, step };
    const { svg, empty } = await drawDashboard(values.prometheus, dashboard, range);
    const file = path.join(values.out, `dashboard-${dashboard.uid}.svg`);
    await writeFile(file, svg);
    const note = empty.length === 0 ? 'every panel has data' : `without data: ${empty.join(', ')}`;
    process.stdout.write(`${file}: ${note}\n`);
  }
});
