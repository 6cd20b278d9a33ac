import { appendFile, copyFile, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseExposition } from '../harness/exposition.ts';
import type { OtlpReceiver } from '../harness/otlp-receiver.ts';
import { quickWaits, startLogs } from '../harness/logs-process.ts';
import { line, type LogsScene, numbered, openLogsScene } from '../harness/logs-scene.ts';

/** The program as a user starts it, against a receiver that decodes what arrives. */

// Each test starts processes, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let scene: LogsScene;
let folder: string;
let file: string;
let checkpoint: string;
let receiver: OtlpReceiver;
const soon = { timeout: 30_000 };

beforeEach(async () => {
  scene = await openLogsScene();
  ({ folder, file, checkpoint, receiver } = scene);
});

afterEach(() => scene[Symbol.asyncDispose]());

const start = (...args: string[]) => scene.start(...args);
const messages = () => scene.messages();

test('a file is followed through pieces of lines, rotation by rename and by copying, and truncation', async () => {
  // A busy machine writes the rest of a line late.
  const settings = { ...quickWaits, LOGS_LINE_WAIT: '3s' };
  await using logs = startLogs([file, '--to', receiver.url, '--checkpoint', checkpoint], settings);
  await expect.poll(() => logs.said(), soon).toContain('no such file or folder yet; waiting for it');

  await writeFile(file, line(1) + line(2).slice(0, 20));
  await expect.poll(messages, soon).toEqual(numbered(1));
  await appendFile(file, line(2).slice(20));
  await expect.poll(messages, soon).toEqual(numbered(1, 2));

  // The writer keeps the renamed file open, and a line of it comes late.
  const writer = await open(file, 'a');
  await rename(file, `${file}.1`);
  await writeFile(file, line(4));
  await writer.write(line(3));
  await writer.close();
  await expect.poll(() => messages().toSorted(), soon).toEqual(numbered(1, 2, 3, 4));

  await copyFile(file, `${file}.2`);
  await truncate(file);
  await appendFile(file, line(5));
  await expect.poll(() => messages().toSorted(), soon).toEqual(numbered(1, 2, 3, 4, 5));

  // Truncated, and longer than before when one looks again. Who reads just then may repeat lines, and misses none.
  await writeFile(file, line(6) + line(7) + line(8));
  await expect
    .poll(() => [...new Set(messages())].toSorted(), soon)
    .toEqual(numbered(1, 2, 3, 4, 5, 6, 7, 8));

  await appendFile(file, line(9).trimEnd());
  await expect.poll(messages, soon).toContain('line 9');

  logs.child.kill('SIGTERM');
  expect(await logs.ended).toBe(0);
});

test('files that match a pattern are found when they appear, and a second start goes on where the first ended', async () => {
  const pattern = path.join(folder, '*.log');
  {
    await using logs = start(pattern);
    await expect.poll(() => logs.said(), soon).toContain('no file matches yet');
    await writeFile(file, line(1));
    await writeFile(path.join(folder, 'other.log'), line(2));
    await expect.poll(() => messages().toSorted(), soon).toEqual(numbered(1, 2));
    logs.child.kill('SIGTERM');
    expect(await logs.ended).toBe(0);
  }
  // Rotated while nobody reads: the rest of the old file is found by its inode.
  await appendFile(file, line(3));
  await rename(file, `${file}.1`);
  await writeFile(file, line(4));
  await using again = start(pattern);
  await expect.poll(() => messages().toSorted(), soon).toEqual(numbered(1, 2, 3, 4));
  again.child.kill('SIGTERM');
  expect(await again.ended).toBe(0);
});

test('a receiver that is away stops the reading, and nothing is lost', async () => {
  await receiver.fail('refuse');
  const count = 3000;
  await writeFile(file, Array.from({ length: count }, (_, number) => line(number)).join(''));
  await using logs = startLogs([file, '--to', receiver.url, '--checkpoint', checkpoint], {
    ...quickWaits,
    LOGS_BATCH_SIZE: '10',
    LOGS_IN_FLIGHT: '4',
  });
  const status = async () => (await (await fetch(`${await logs.url}/status`)).json()) as Status;
  await expect.poll(async () => (await status()).retries, soon).toBeGreaterThan(4);
  await expect.poll(status, soon).toMatchObject({ lag: { batchesInFlight: 4, isWaiting: true } });
  const { lag, services } = await status();
  expect(lag.bytes).toBeGreaterThan(100_000);
  const read = services.find(({ service }) => service === 'orders')?.lines['info'] ?? 0;
  expect(read).toBeLessThanOrEqual(60);
  expect(logs.said()).toContain(
    'does not accept: nothing listens there. Reading waits, and nothing is lost.',
  );

  await receiver.fail('off');
  await expect.poll(() => new Set(messages()).size, { timeout: 60_000 }).toBe(count);
  await expect.poll(async () => (await status()).lag.bytes, soon).toBe(0);

  const text = await (await fetch(`${await logs.url}/metrics`)).text();
  const { samples, types } = parseExposition(text, 'prometheus');
  expect(types).toMatchObject({ log_lines_total: 'counter', log_lag_bytes: 'gauge' });
  expect(samples).toContainEqual({
    name: 'log_lines_total',
    labels: { service: 'orders', level: 'info' },
    value: count,
  });
  // A page of another site has no access.
  const foreign = await fetch(`${await logs.url}/status`, { headers: { origin: 'https://example.com' } });
  expect(foreign.status).toBe(403);
  const posted = await fetch(`${await logs.url}/status`, { method: 'POST' });
  expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

interface Status {
  retries: number;
  lag: { bytes: number; isWaiting: boolean; batchesInFlight: number };
  services: Array<{ service: string; lines: Record<string, number> }>;
}

test('compressed files and plain ones are read once, and a damaged one is named', async () => {
  await writeFile(file, line(1) + line(2).trimEnd());
  const members = [gzipSync(line(3)), Buffer.alloc(512), gzipSync(line(4)), Buffer.from('garbage')];
  await writeFile(`${file}.1.gz`, Buffer.concat(members));
  const whole = gzipSync(Array.from({ length: 50_000 }, (_, number) => line(number + 10)).join(''));
  await writeFile(`${file}.2.gz`, whole.subarray(0, whole.length - 20));
  {
    await using logs = start('--once', file, `${file}.1.gz`);
    expect(await logs.ended).toBe(0);
    expect(messages().toSorted()).toEqual(numbered(1, 2, 3, 4));
    expect(logs.said()).toContain('7 bytes after its end are not compressed with gzip, and ignored.');
  }
  await using damaged = start('--once', `${file}.2.gz`);
  expect(await damaged.ended).toBe(1);
  expect(damaged.said()).toContain(
    'app.log.2.gz: the compressed data is cut off. What could be read of it is forwarded.',
  );
  expect(messages().length).toBeGreaterThan(10_000);
});

test('standard input is passed on as it is and forwarded, and its end is the end', async () => {
  await using logs = start('-', '--to', 'stdout');
  const input = `${line(1)}no JSON\n${line(2).trimEnd()}`;
  logs.child.stdin?.end(input);
  expect(await logs.ended).toBe(0);
  expect(logs.output()).toBe(`${input}\n`);
  expect(messages().toSorted()).toEqual(['line 1', 'line 2', 'no JSON']);
});

test('a full disk behind standard output is waited for, and SIGTERM says what was not written', async () => {
  await writeFile(file, Array.from({ length: 100 }, (_, number) => line(number)).join(''));
  const full = await open('/dev/full', 'w');
  await using logs = startLogs(
    [file, '--to', 'stdout', '--checkpoint', checkpoint],
    { ...quickWaits, LOGS_BATCH_SIZE: '10', LOGS_IN_FLIGHT: '4', LOGS_SHUTDOWN_DEADLINE: '200ms' },
    full.fd,
  );
  await full.close();
  await expect.poll(() => logs.said(), soon).toContain('Standard output: the disk is full. Reading waits');
  const status = async () => (await (await fetch(`${await logs.url}/status`)).json()) as Status;
  await expect.poll(async () => (await status()).lag.isWaiting, soon).toBe(true);
  logs.child.kill('SIGTERM');
  expect(await logs.ended).toBe(0);
  expect(logs.said().match(/the disk is full/g)).toHaveLength(1);
  expect(logs.said()).toContain('50 lines were not accepted in time; the next start forwards them.');

  await using again = startLogs(['--once', file, '--to', 'stdout', '--checkpoint', checkpoint]);
  expect(await again.ended).toBe(0);
  expect(again.output()).toBe(await readFile(file, 'utf8'));
});

test('what a program has compressed is not followed, and read once with --once', async () => {
  await writeFile(file, line(1));
  await writeFile(`${file}.1.gz`, gzipSync(line(2)));
  {
    await using logs = start(`${file}*`);
    await expect.poll(messages, soon).toEqual(numbered(1));
    await expect.poll(() => logs.said(), soon).toContain('app.log.1.gz: it is compressed, and not followed.');
    logs.child.kill('SIGTERM');
    expect(await logs.ended).toBe(0);
  }
  await using logs = start('--once', `${file}*`);
  expect(await logs.ended).toBe(0);
  expect(messages()).toEqual(numbered(1, 2));
});

test('two processes with one checkpoint are told, and the checkpoint stays whole', async () => {
  await writeFile(file, line(1));
  const other = path.join(folder, 'other.log');
  await writeFile(other, line(2));
  await using first = start(file);
  await expect.poll(() => readFile(checkpoint, 'utf8').catch(() => ''), soon).toContain('"offset":');
  await using second = start(other);
  await expect.poll(messages, soon).toEqual(numbered(1, 2));
  await expect.poll(() => readFile(checkpoint, 'utf8'), soon).toContain('other.log');
  await appendFile(file, line(3));
  await expect.poll(() => first.said(), soon).toContain('Another process writes the checkpoint');
  for (const logs of [first, second]) {
    logs.child.kill('SIGTERM');
    expect(await logs.ended).toBe(0);
  }
  expect(JSON.parse(await readFile(checkpoint, 'utf8'))).toMatchObject({ version: 1 });
});

test('SIGTERM flushes what was read of standard input, and says what was not accepted', async () => {
  await using logs = startLogs(['-', '--to', receiver.url], { ...quickWaits, LOGS_BATCH_DELAY: '1h' });
  logs.child.stdin?.write(line(1));
  const url = await logs.url;
  await expect
    .poll(async () => (await (await fetch(`${url}/status`)).json()) as Status, soon)
    .toMatchObject({
      services: [{}, { service: 'orders' }],
    });
  logs.child.kill('SIGTERM');
  expect(await logs.ended).toBe(0);
  expect(messages()).toEqual(numbered(1));

  await receiver.fail('refuse');
  await using lost = startLogs(['-', '--to', receiver.url], {
    ...quickWaits,
    LOGS_SHUTDOWN_DEADLINE: '200ms',
  });
  lost.child.stdin?.write(line(2));
  await expect.poll(() => lost.said(), soon).toContain('does not accept');
  lost.child.kill('SIGTERM');
  expect(await lost.ended).toBe(1);
  expect(lost.said()).toContain('1 line was not accepted in time, those of standard input are lost.');
  expect(lost.said()).toContain('Read 1 line (');
});

test('a checkpoint that cannot be written is told once, and forwarding goes on', async () => {
  await writeFile(file, line(1));
  const missing = path.join(folder, 'gone');
  await using logs = startLogs([
    file,
    '--to',
    receiver.url,
    '--checkpoint',
    path.join(missing, 'checkpoint.json'),
  ]);
  await expect.poll(messages, soon).toEqual(numbered(1));
  // A checkpoint may be written there meanwhile.
  await rm(missing, { recursive: true, maxRetries: 9 });
  await appendFile(file, line(2));
  await expect.poll(() => logs.said(), soon).toContain('cannot be written: there is no such file or folder');
  await appendFile(file, line(3));
  await expect.poll(messages, soon).toEqual(numbered(1, 2, 3));
  expect(logs.said().match(/cannot be written/g)).toHaveLength(1);
});

test('what cannot work is one line and exit code 1', async () => {
  const broken = path.join(folder, 'broken.json');
  await writeFile(broken, '{"version":1');
  await writeFile(file, line(1));
  const cases: Array<[args: string[], said: string]> = [
    [[], 'Name a file, or - for standard input. Try --help.'],
    [[file, '--count', '--checkpoint', broken], 'is no checkpoint. Remove it'],
    [[folder, '--count', '--once'], `${folder}: it is a folder. Name its files, such as '${folder}/*.log'.`],
    [[path.join(folder, 'none.log'), '--count', '--once'], 'none.log: there is no such file or folder.'],
  ];
  await Promise.all(
    cases.map(async ([args, said]) => {
      await using logs = startLogs(
        args.includes('--checkpoint') ? args : [...args, '--checkpoint', checkpoint],
      );
      expect([await logs.ended, logs.said()]).toEqual([1, expect.stringContaining(said)]);
      expect(logs.said()).not.toContain('    at ');
    }),
  );
});
