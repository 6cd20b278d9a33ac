import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeMachine } from '../report/machine.ts';
import { measureRound, type Round } from './measure.ts';
import { reportOf } from './report.ts';
import { runBenchmark, say, writeReport } from './shared/command.ts';
import { readArguments, roundArguments, toOptions } from './shared/options.ts';
import { startProcess } from './shared/processes.ts';
import { configurations, startDatabases, startSubject, type Subject } from './subjects.ts';

const usage = `npm run bench -- [options]

Creates bookings as fast as the service answers, with and without telemetry, on a database of its own.

  --rounds <n>        rounds per configuration (default 5)
  --seconds <n>       measured seconds per round (default 3)
  --connections <n>   connections, each with one request at a time (default 32)
  --out <folder>      also write bench.md and bench.json there
  --help              show this
`;

/** Seconds that each configuration is warmed up: V8 has to optimize the measured code. */
const warmUp = 6;

await runBenchmark(async (signal) => {
  const values = readArguments(usage, {
    ...roundArguments,
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
  });
  if (values === undefined) return;
  const { rounds, seconds, connections, out } = toOptions(values);
  const machine = describeMachine();

  await using started = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'frontdesk-bench-'));
  started.defer(() => rm(folder, { recursive: true }));
  say('starting PostgreSQL, the simulator, a receiver of telemetry and the service in each configuration');
  const databases = started.use(await startDatabases(path.join(folder, 'data')));
  const start = (script: string, env: Readonly<Record<string, string>> = {}) =>
    startProcess({ script, env, logFile: path.join(folder, `${path.basename(script)}.log`) });
  const simulator = started.use(await start('lab/simulator/main.ts', { SIMULATOR_PORT: '0' }));
  const receiver = started.use(await start('lab/bench/shared/otlp-sink.ts'));
  const subjects: Subject[] = [];
  for (const configuration of configurations) {
    const subject = await startSubject(configuration, { folder, databases, simulator, receiver });
    subjects.push(started.use(subject));
  }

  say('warming up');
  for (const subject of subjects) await measureRound(subject, { seconds: warmUp, connections, signal });
  const measured = new Map(subjects.map((subject): [Subject, Round[]] => [subject, []]));
  for (let number = 1; number <= rounds; number += 1) {
    // Alternately from the first and from the last, so that none always follows the same other one.
    for (const subject of number % 2 === 1 ? subjects : subjects.toReversed()) {
      const round = await measureRound(subject, { seconds, connections, signal });
      measured.get(subject)?.push(round);
      const figures = `${round.requestsPerSecond.toFixed(0)} requests/s, ${round.cpuPerRequest.toFixed(0)} µs`;
      say(`round ${number} of ${rounds}: ${subject.name.padEnd(24)} ${figures}`);
    }
  }

  const markdown = reportOf(measured, { machine, rounds, seconds, connections });
  say(`\n${markdown}`);
  if (out === undefined) return;
  const rows = [...measured].map(([{ name }, figures]) => ({ name, rounds: figures }));
  await writeReport(out, { 'bench.md': markdown, 'bench.json': { machine, rows } });
});
