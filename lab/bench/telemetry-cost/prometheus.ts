import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { request } from 'undici';
import { runPrometheus } from '../../harness/prometheus.ts';
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
  const { target, interval } = options;
  const folder = path.join(options.folder, 'prometheus');
  await mkdir(folder);
  const { url, stop } = await runPrometheus({
    command,
    folder,
    configuration: {
      global: { scrape_interval: `${interval}ms`, scrape_timeout: `${interval}ms` },
      scrape_configs: [{ job_name: 'orders', static_configs: [{ targets: [new URL(target).host] }] }],
    },
    flags: ['--web.enable-admin-api'],
  });
  return {
    async writeBlock() {
      const { body, statusCode } = await request(`${url}/api/v1/admin/tsdb/snapshot`, { method: 'POST' });
      const answer = (await body.json()) as { data?: { name: string } };
      if (answer.data === undefined) throw new BenchFailure(`Prometheus made no block: ${statusCode}.`);
      return readBlock(path.join(folder, 'data/snapshots', answer.data.name));
    },
    [Symbol.asyncDispose]: stop,
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
