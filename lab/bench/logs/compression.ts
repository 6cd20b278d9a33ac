import { openSync, readSync } from 'node:fs';
import { BatchBuilder } from '../../logs/batch.ts';
import { createCounts } from '../../logs/counts.ts';
import { usualFields } from '../../logs/lines/fields.ts';
import { LineProcessor } from '../../logs/lines/line-processor.ts';
import { type Compression, compressors } from '../../logs/output/compression.ts';

/** What compression alone takes of a line, whatever the rest of the program does. */
export interface CompressionCost {
  compression: Compression;
  /** Nanoseconds of CPU per line. */
  nanoseconds: number;
  /** Compressed size, of the size of the requests. */
  ratio: number;
}

const batchSize = 1000;
const mostBatches = 200;
const rounds = 3;

/** Compresses the requests of the beginning of the file. The best of the rounds counts: others were disturbed. */
export async function measureCompression(file: string): Promise<CompressionCost[]> {
  const requests = requestsOf(file);
  const size = requests.reduce((sum, { length }) => sum + length, 0);
  const costs: CompressionCost[] = [];
  for (const compression of ['gzip', 'zstd'] as const) {
    const compress = compressors[compression]();
    let best: CompressionCost | undefined;
    for (let round = 0; round < rounds; round += 1) {
      const before = process.cpuUsage();
      let compressed = 0;
      for (const request of requests) compressed += (await compress(request)).length;
      const { user, system } = process.cpuUsage(before);
      const nanoseconds = ((user + system) * 1000) / (requests.length * batchSize);
      if (best === undefined || nanoseconds < best.nanoseconds)
        best = { compression, nanoseconds, ratio: compressed / size };
    }
    if (best !== undefined) costs.push(best);
  }
  return costs;
}

function requestsOf(file: string): Buffer[] {
  const batch = new BatchBuilder({
    size: batchSize,
    bytes: Number.POSITIVE_INFINITY,
    otlp: true,
    text: false,
  });
  const options = { fields: usualFields, longestLine: 65_536, service: undefined };
  const processor = new LineProcessor(options, createCounts(100), batch);
  const input = openSync(file, 'r');
  const requests: Buffer[] = [];
  for (let offset = 0; requests.length < mostBatches; offset += processor.position.offset) {
    const length = readSync(input, processor.buffer, 0, processor.buffer.length, offset);
    processor.begin(length, { offset, piece: 0 }, false);
    while (requests.length < mostBatches && processor.run()) {
      const { request, release } = batch.take();
      requests.push(Buffer.from(request));
      release();
    }
    if (processor.position.offset === 0) break;
  }
  return requests;
}
