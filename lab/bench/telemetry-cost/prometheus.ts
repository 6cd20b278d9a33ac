import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { request } from 'undici';
import { answers, startProgram } from '../../../stack/native/program.ts';
import { freePort } from '../../harness/free-port.ts';
import { BenchFailure } from '../shared/failure.ts';

/** What Prometheus has on disk about one replica. */
export interface Block {
  series: number;
  samples: number;
  /** Bytes of the samples. */
  chunks: number;
  /** Bytes of the names, labels and references. */
  index: number;
}

export interface Prometheus extends AsyncDisposable {
  /** Writes what was scraped so far into a block, as Prometheus itself does every two hours. */
  writeBlock(): Promise<Block>;
}

/** Starts a Prometheus that scrapes one target. @param interval between two scrapes, in milliseconds */
export async function startPrometheus(
  command: string,
  options: { folder: string; target: string; interval: number },
): Promise<Prometheus> {
  const { folder, target, interval } = options;
  const config = path.join(folder, 'prometheus.json');
  const data = path.join(folder, 'prometheus');
  // JSON is YAML.
  const content = {
    global: { scrape_interval: `${interval}ms`, scrape_timeout: `${interval}ms` },
    scrape_configs: [{ job_name: 'orders', static_configs: [{ targets: [new URL(target).host] }] }],
  };
  await writeFile(config, JSON.stringify(content));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = await startProgram({
    name: 'Prometheus',
    command,
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-admin-api',
    ],
    logFile: path.join(folder, 'prometheus.log'),
    ready: () => answers(`${url}/-/ready`),
  });
  return {
    async writeBlock() {
      const { body, statusCode } = await request(`${url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
      const answer = (await body.json()) as { data?: { name: string } };
      if (answer.data === undefined) throw new BenchFailure(`Prometheus made no block: ${statusCode}.`);
      return readBlock(path.join(data, 'snapshots', answer.data.name));
    },
    [Symbol.asyncDispose]: () => program.stop(),
  };
}

/** @see https://github.com/prometheus/prometheus/blob/main/tsdb/docs/format/README.md */
async function readBlock(snapshot: string): Promise<Block> {
  const blocks = await readdir(snapshot);
  const [name, ...others] = blocks;
  // Blocks begin at full even hours.
  if (name === undefined || others.length > 0) {
    throw new BenchFailure(`Prometheus made ${blocks.length} blocks. Run it again, not over a full hour.`);
  }
  const folder = path.join(snapshot, name);
  const meta = JSON.parse(await readFile(path.join(folder, 'meta.json'), 'utf8')) as {
    stats: { numSeries: number; numSamples: number };
  };
  const files = await readdir(path.join(folder, 'chunks'));
  const sizes = await Promise.all(files.map((file) => sizeOf(path.join(folder, 'chunks', file))));
  return {
    series: meta.stats.numSeries,
    samples: meta.stats.numSamples,
    chunks: sizes.reduce((sum, size) => sum + size, 0),
    index: await sizeOf(path.join(folder, 'index')),
  };
}

const sizeOf = async (file: string): Promise<number> => (await stat(file)).size;
