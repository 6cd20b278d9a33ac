import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import { array, asyncProperty, assert, constantFrom, integer, oneof, record, uint8Array } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pathOf } from '../../harness/path-of.ts';
import { type GzipEnd, gunzipFile } from './gunzip.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gunzip-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Read {
  content: Buffer;
  end: GzipEnd;
}

async function read(compressed: Uint8Array): Promise<Read> {
  const file = path.join(folder, 'a.gz');
  await writeFile(file, compressed);
  const ends: GzipEnd[] = [];
  const chunks: Buffer[] = [];
  for await (const chunk of gunzipFile(file, { ended: (end) => ends.push(end) })) chunks.push(chunk);
  const [end] = ends;
  if (end === undefined || ends.length > 1) throw new Error(`It ends ${ends.length} times.`);
  return { content: Buffer.concat(chunks), end };
}

function lines(count: number, seed = 1): string {
  let state = seed;
  return Array.from({ length: count }, (_, number) => {
    state = (state * 48_271) % 2_147_483_647;
    return `{"level":"info","msg":"line ${number}","id":"${state.toString(36)}"}\n`;
  }).join('');
}

const text = lines(20_000);
const whole = gzipSync(text);

test.each<[string, Uint8Array, string, Partial<GzipEnd>]>([
  ['one member', whole, text, { kind: 'whole' }],
  ['no content', gzipSync(''), '', { kind: 'whole' }],
  [
    'a name and a comment in the header',
    Buffer.concat([
      Buffer.from('1f8b0818000000000003', 'hex'),
      Buffer.from('app.log\0by night\0'),
      deflateRawSync('x\n'),
      gzipSync('x\n').subarray(-8),
    ]),
    'x\n',
    { kind: 'whole' },
  ],
  ['members', Buffer.concat([whole, gzipSync(''), whole]), text + text, { kind: 'whole' }],
  ['zeros at its end', Buffer.concat([whole, Buffer.alloc(200_000)]), text, { kind: 'whole' }],
  ['zeros between members', Buffer.concat([whole, Buffer.alloc(512), whole]), text + text, { kind: 'whole' }],
  ['garbage at its end', Buffer.concat([whole, Buffer.from('garbage')]), text, { kind: 'garbage', size: 7 }],
  [
    'garbage after zeros',
    Buffer.concat([whole, Buffer.alloc(9), Buffer.from('no')]),
    text,
    { kind: 'garbage', size: 2 },
  ],
  ['half a trailer', whole.subarray(0, -4), text, { kind: 'cut off' }],
  ['half a second header', Buffer.concat([whole, whole.subarray(0, 5)]), text, { kind: 'cut off' }],
  [
    'a second member with another magic',
    Buffer.concat([whole, Buffer.of(0x1e), whole.subarray(1)]),
    text,
    { kind: 'damaged', at: whole.length },
  ],
  [
    'a wrong checksum',
    Buffer.concat([whole.subarray(0, -8), Buffer.alloc(4, 0x55), whole.subarray(-4), whole]),
    text,
    { kind: 'damaged' },
  ],
  ['plain text', Buffer.from(text), '', { kind: 'foreign' }],
  ['no bytes', Buffer.of(), '', { kind: 'cut off' }],
])('a file with %s is read as far as it goes', async (_, compressed, content, end) => {
  const got = await read(compressed);
  expect(got.end).toMatchObject(end);
  expect(got.content.toString() === content).toBe(true);
});

test('a missing file is named as such', async () => {
  const ends: GzipEnd[] = [];
  for await (const _ of gunzipFile(path.join(folder, 'none.gz'), { ended: (end) => ends.push(end) }));
  expect(ends).toMatchObject([{ kind: 'unreadable', error: { code: 'ENOENT' } }]);
});

test('all that comes before a damaged block is read, to the byte', async () => {
  // Two blocks that end at a byte, and one of the type that does not exist.
  const [before, after] = [lines(3000, 2), lines(3000, 3)];
  const block = deflateRawSync(before, { finishFlush: constants.Z_SYNC_FLUSH });
  const header = whole.subarray(0, 10);
  for (const broken of [0b110, 0b111]) {
    const damaged = Buffer.concat([header, block, Buffer.of(broken), deflateRawSync(after)]);
    const got = await read(damaged);
    expect(got.content.toString() === before).toBe(true);
    expect(got.end).toEqual({ kind: 'damaged', at: header.length + block.length, size: damaged.length });
  }
});

const damages = oneof(
  record({ kind: constantFrom('cut' as const), at: integer({ min: 0, max: 999 }) }),
  record({
    kind: constantFrom('flip' as const),
    at: integer({ min: 0, max: 999 }),
    bit: integer({ min: 0, max: 7 }),
  }),
  record({ kind: constantFrom('garbage' as const), bytes: uint8Array({ minLength: 1, maxLength: 40 }) }),
  record({ kind: constantFrom('zeros' as const), count: integer({ min: 1, max: 20_000 }) }),
);

test('what gzip -dc prints of a damaged file is read, and at most more', async () => {
  const hasGzip = pathOf('gzip') !== undefined;
  const members = array(
    record({
      count: integer({ min: 0, max: 1000 }),
      level: constantFrom(0, 1, 6, 9),
      seed: integer({ min: 1, max: 999 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const property = asyncProperty(members, damages, async (parts, damage) => {
    const content = parts.map(({ count, seed }) => lines(count, seed)).join('');
    const intact = Buffer.concat(
      parts.map(({ count, seed, level }) => gzipSync(lines(count, seed), { level })),
    );
    let file: Buffer = intact;
    if (damage.kind === 'cut') file = intact.subarray(0, Math.floor((intact.length * damage.at) / 1000));
    else if (damage.kind === 'garbage') file = Buffer.concat([intact, damage.bytes]);
    else if (damage.kind === 'zeros') file = Buffer.concat([intact, Buffer.alloc(damage.count)]);
    else {
      file = Buffer.from(intact);
      const at = Math.floor((intact.length * damage.at) / 1000);
      file[at] = (file[at] ?? 0) ^ (1 << damage.bit);
    }
    const got = await read(file);
    if (damage.kind === 'cut') expect(content.startsWith(got.content.toString())).toBe(true);
    if (damage.kind === 'zeros' || damage.kind === 'garbage') {
      expect(got.content.toString() === content).toBe(true);
    }
    if (damage.kind === 'zeros') expect(got.end.kind).toBe('whole');
    if (!hasGzip) return;
    const { status, stdout } = spawnSync('gzip', ['-dc'], { input: file, maxBuffer: 2 ** 26 });
    // Beyond the damage gzip goes on where zlib stops, and prints what was never written.
    const right = sameBytes(stdout, Buffer.from(content));
    expect(sameBytes(got.content, stdout)).toBeGreaterThanOrEqual(right);
    // 2 is a warning: all of it is printed.
    if (status === 0) expect(got).toMatchObject({ end: { kind: 'whole' } });
    if (status !== 1) expect(got.content.length).toBe(stdout.length);
    else expect(got.end.kind).not.toBe('whole');
  });
  await assert(property, { numRuns: 25 });
});

/** @returns how many bytes at the beginning of both are the same */
function sameBytes(one: Buffer, other: Buffer): number {
  const most = Math.min(one.length, other.length);
  let same = 0;
  while (same < most && one[same] === other[same]) same += 1;
  return same;
}
