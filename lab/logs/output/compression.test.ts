import { randomBytes } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compressors } from './compression.ts';

test.each([
  ['gzip', gunzipSync],
  ['zstd', zstdDecompressSync],
] as const)('%s compresses many contents at once, each as a whole', async (compression, decompress) => {
  const compress = compressors[compression]();
  const contents = [0, 1, 70_000, 300_000, 1_200_000, 1000].flatMap((length) => [
    Buffer.alloc(length, 'a log line '),
    randomBytes(length),
  ]);
  for (let round = 0; round < 3; round += 1) {
    const compressed = await Promise.all(contents.map((content) => compress(content)));
    const isSame = compressed.map((each, index) => decompress(each).equals(contents[index] ?? Buffer.of(1)));
    expect(isSame).not.toContain(false);
  }
});
