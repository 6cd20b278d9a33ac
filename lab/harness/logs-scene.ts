import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type StartedLogs, startLogs } from './logs-process.ts';
import { type OtlpReceiver, startOtlpReceiver } from './otlp-receiver.ts';

/** A folder with the paths of a log file and a checkpoint, and a receiver, for tests of `npm run logs`. */
export interface LogsScene extends AsyncDisposable {
  folder: string;
  file: string;
  checkpoint: string;
  receiver: OtlpReceiver;
  /** Starts the program with the receiver and the checkpoint. */
  start(...args: string[]): StartedLogs;
  /** The texts that have arrived, in their order. */
  messages(): string[];
}

export async function openLogsScene(): Promise<LogsScene> {
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-logs-'));
  const checkpoint = path.join(folder, 'checkpoint.json');
  const receiver = await startOtlpReceiver();
  return {
    folder,
    file: path.join(folder, 'app.log'),
    checkpoint,
    receiver,
    start: (...args) => startLogs([...args, '--to', receiver.url, '--checkpoint', checkpoint]),
    messages: () => receiver.logs.map(({ body }) => (typeof body === 'string' ? body : '')),
    async [Symbol.asyncDispose]() {
      await receiver[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** A line of the log file; its message is that of `numbered`. */
export const line = (number: number): string =>
  `{"level":"info","service":"orders","message":"line ${number}"}\n`;

export const numbered = (...numbers: number[]): string[] => numbers.map((number) => `line ${number}`);
