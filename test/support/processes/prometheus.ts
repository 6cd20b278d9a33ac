import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runPrometheus } from '../../../lab/harness/prometheus.ts';
import { findTool } from '../../../stack/native/tools.ts';

const rulesFolder = path.resolve(import.meta.dirname, '../../../prometheus/rules');

/**
 * A Prometheus that scrapes one service every second as the job `orders`, and evaluates the project's rules as often. An alert whose
 * condition holds is pending for six seconds, whatever its rule says.
 */
export async function startPrometheus(target: string): Promise<AsyncDisposable & { url: string }> {
  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'console-prometheus-'));
  started.defer(() => rm(folder, { recursive: true, force: true }));
  await mkdir(path.join(folder, 'rules'));
  for (const name of await readdir(rulesFolder)) {
    const text = await readFile(path.join(rulesFolder, name), 'utf8');
    const hasty = text
      .replaceAll(/^( +)for: \w+$/gm, '$1for: 6s')
      .replaceAll(/^( +)interval: \w+$/gm, '$1interval: 1s');
    await writeFile(path.join(folder, 'rules', name), hasty);
  }
  const { url, stop } = await runPrometheus({
    command: findTool('prometheus') ?? 'prometheus',
    folder,
    configuration: {
      global: { scrape_interval: '1s', scrape_timeout: '1s' },
      rule_files: ['rules/*.yml'],
      scrape_configs: [{ job_name: 'orders', static_configs: [{ targets: [new URL(target).host] }] }],
    },
  });
  started.defer(stop);
  const owned = started.move();
  return { url, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
