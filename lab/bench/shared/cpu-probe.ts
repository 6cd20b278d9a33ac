import { Session } from 'node:inspector/promises';

/**
 * Preloaded into each subject, so that every process reports its own processor time and memory in the same way. It also
 * takes CPU profiles of the measured work.
 */
const session = new Session();

/** Microseconds. At the default of 1000 a function that takes a few percent would have only a few samples. */
const interval = 250;

const answers: Readonly<Record<string, () => unknown>> = {
  cpu: () => process.cpuUsage(),
  memory: () => ({ resident: process.memoryUsage.rss() }),
  async collectGarbage() {
    session.connect();
    await session.post('HeapProfiler.collectGarbage');
    session.disconnect();
    return process.memoryUsage();
  },
  async startProfile() {
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval });
    await session.post('Profiler.start');
    return {};
  },
  async stopProfile() {
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    return profile;
  },
};

process.on('message', (message) => {
  // Others are for the process itself.
  const answer = typeof message === 'string' ? answers[message] : undefined;
  if (answer) void send(answer());
});

async function send(answer: unknown): Promise<void> {
  process.send?.(await answer);
}
