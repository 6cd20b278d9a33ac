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
 * Runs the script in a process of its own, because each test needs its own stdout and its own exit. `report` sends a
 * message to the test over the IPC channel.
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

/** The index in each line. It throws if a line is not whole. */
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

  test('a pipe receives all lines whole and in order', async () => {
    const { child, exit } = run(script);
    expect(indexes(await outputOf(child))).toEqual(upTo(5000));
    expect(await exit).toBe(0);
  });

  test('a file receives all lines whole and in order', async () => {
    const path = join(directory, 'stdout');
    await using file = await open(path, 'w');
    expect(await run(script, { stdout: file.fd }).exit).toBe(0);
    expect(indexes(await readFile(path, 'utf8'))).toEqual(upTo(5000));
  });
});

test('a single line is written without waiting for others', async () => {
  const { child } = run(`destination.write(line(0)); setInterval(() => {}, 1000)`);
  const [chunk] = child.stdout ? ((await once(child.stdout, 'data')) as [Buffer]) : [];
  expect(indexes(String(chunk))).toEqual([0]);
  child.kill('SIGKILL');
});

describe('the last lines of a process', () => {
  const endings = {
    'has nothing left to do': [`process.disconnect()`, 0],
    'calls process.exit': [`process.exit(3)`, 3],
    'throws an uncaught exception': [`process.disconnect(); throw new Error('crash')`, 1],
  } as const;

  test.each(Object.entries(endings))(
    'the last lines are written when the process %s',
    async (_how, [ending, code]) => {
      const { child, exit } = run(
        `for (let index = 0; index < 2000; index += 1) destination.write(line(index)); ${ending}`,
        { stderr: 'ignore' },
      );
      expect(indexes(await outputOf(child))).toEqual(upTo(2000));
      expect(await exit).toBe(code);
    },
  );
});

/** Writes 40 MB within 2 s and reports. The test decides whether anything reads stdout. */
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
  test('a reader that does not read stalls nothing, costs bounded memory, and delays no exit', async () => {
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
    // A write that waits for the reader would wait for ever.
    expect(flooded?.['worstDelay']).toBeLessThan(2000);
    expect(flooded?.['grown']).toBeLessThan(100_000_000);
    expect(ended?.['drained']).toBeGreaterThan(290);
    expect(ended?.['drained']).toBeLessThan(5000);
  });

  test('a reader that reads again gets whole lines and the number of missing ones', async () => {
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

test('a reader that is gone loses the lines, all of them counted, and nothing else fails', async () => {
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
