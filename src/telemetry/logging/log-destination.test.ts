import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface StdioOptions {
  stdout?: 'pipe' | number;
  stderr?: 'inherit' | 'ignore';
}

/**
 * Each test runs a process of its own, because stdout, and what becomes of it at the end, is a process's.
 * `report` sends what it finds out over the channel to its parent.
 */
function run(script: string, { stdout = 'pipe', stderr = 'inherit' }: StdioOptions = {}) {
  const prelude = `
    import { setTimeout as delay } from 'node:timers/promises';
    import { createLogDestination } from './src/telemetry/logging/log-destination.ts';
    let dropped = 0, recovered = 0;
    const destination = createLogDestination({
      capacity: 1_000_000,
      onDrop: (lines) => (dropped += lines),
      onRecovered: (lines) => (recovered += lines),
    });
    const line = (index) => JSON.stringify({ index, filling: 'ä'.repeat(100) }) + '\\n';
    const report = (message) => process.send(message);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', prelude + script], {
    stdio: ['ignore', stdout, stderr, 'ipc'],
  });
  const reports: Array<Record<string, number>> = [];
  child.on('message', (message: Record<string, number>) => reports.push(message));
  const exit = once(child, 'exit').then(([code]) => code as number | null);
  return { child, reports, exit };
}

/** The index in each of the lines; throws where one of them is not whole. */
function indexes(text: string): number[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { index: number }).index);
}

async function outputOf({ stdout }: ChildProcess): Promise<string> {
  let text = '';
  stdout?.setEncoding('utf8');
  for await (const chunk of stdout ?? []) text += chunk as string;
  return text;
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('lines arrive whole and in order', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'log-destination-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  const script = `
    for (let index = 0; index < 5000; index += 1) {
      destination.write(line(index));
      if (index % 500 === 0) await delay(1);
    }
    await destination.drain(5000);
    process.disconnect();
  `;

  test('in a pipe', async () => {
    const { child, exit } = run(script);
    expect(indexes(await outputOf(child))).toEqual(upTo(5000));
    expect(await exit).toBe(0);
  });

  test('in a file', async () => {
    const path = join(directory, 'stdout');
    await using file = await open(path, 'w');
    expect(await run(script, { stdout: file.fd }).exit).toBe(0);
    expect(indexes(await readFile(path, 'utf8'))).toEqual(upTo(5000));
  });
});

test('a line does not wait for others', async () => {
  const { child } = run(`destination.write(line(0)); setInterval(() => {}, 1000)`);
  const [chunk] = child.stdout ? ((await once(child.stdout, 'data')) as [Buffer]) : [];
  expect(indexes(String(chunk))).toEqual([0]);
  child.kill('SIGKILL');
});

describe('the last lines get out', () => {
  const endings = {
    'the process has nothing left to do': [`process.disconnect()`, 0],
    'it exits': [`process.exit(3)`, 3],
    'an exception is not caught': [`process.disconnect(); throw new Error('crash')`, 1],
  } as const;

  test.each(Object.entries(endings))('when %s', async (_how, [ending, code]) => {
    const { child, exit } = run(
      `for (let index = 0; index < 2000; index += 1) destination.write(line(index)); ${ending}`,
      { stderr: 'ignore' },
    );
    expect(indexes(await outputOf(child))).toEqual(upTo(2000));
    expect(await exit).toBe(code);
  });
});

/** Writes 40 MB within 2 s and reports. Nobody reads, unless the test does. */
const flood = `
  import { monitorEventLoopDelay } from 'node:perf_hooks';
  const before = process.memoryUsage().rss;
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  let written = 0;
  for (let round = 0; round < 200; round += 1) {
    for (let index = 0; index < 1000; index += 1) destination.write(line(written++));
    await delay(5);
  }
  report({ written, dropped, worstDelay: delays.max / 1e6, grown: process.memoryUsage().rss - before });
`;

describe('a reader that does not read', () => {
  test('stalls nothing, costs bounded memory, and the process still ends', async () => {
    const { child, reports, exit } = run(`${flood}
      const startedAt = performance.now();
      await destination.drain(300);
      report({ drained: performance.now() - startedAt });
      process.disconnect();
    `);
    child.stdout?.pause();
    expect(await exit).toBe(0);

    const [flooded, ended] = reports;
    expect(flooded?.['written']).toBe(200_000);
    expect(flooded?.['dropped']).toBeGreaterThan(150_000);
    expect(flooded?.['worstDelay']).toBeLessThan(200);
    expect(flooded?.['grown']).toBeLessThan(100_000_000);
    expect(ended?.['drained']).toBeGreaterThan(290);
    expect(ended?.['drained']).toBeLessThan(1500);
  });

  test('gets whole lines when it does, and is told how many are missing', async () => {
    const { child, reports, exit } = run(`${flood}
      while (recovered === 0) await delay(10);
      report({ recovered });
      await destination.drain(5000);
      process.disconnect();
    `);
    const { stdout } = child;
    stdout?.pause();
    await once(child, 'message');
    const received = indexes(await outputOf(child));
    expect(await exit).toBe(0);

    const [{ written = 0, dropped = 0 } = {}, { recovered } = {}] = reports;
    expect(recovered).toBe(dropped);
    expect(received).toHaveLength(written - dropped);
    expect(received).toEqual(received.toSorted((one, other) => one - other));
  });
});

test('a reader that is gone costs the lines and nothing else', async () => {
  const { child, reports, exit } = run(`
    for (let round = 0; round < 50; round += 1) {
      for (let index = 0; index < 100; index += 1) destination.write(line(index));
      await delay(5);
    }
    await destination.drain(1000);
    report({ dropped, recovered });
    process.disconnect();
  `);
  child.stdout?.destroy();
  expect(await exit).toBe(0);
  expect(reports).toEqual([{ dropped: 5000, recovered: 0 }]);
});
