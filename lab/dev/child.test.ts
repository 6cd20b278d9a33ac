import { expect, test } from 'vitest';
import { startChild } from './child.ts';

test('a child that is asked to end, and announces itself all the same, is not started', async () => {
  const stop = new AbortController();
  const program = `
    process.once('SIGTERM', () => {
      process.send({ announced: true });
      setTimeout(() => process.exit(), 100);
    });
    setInterval(() => {}, 60_000);
    process.stdout.write('ready\\n');
  `;
  let pid = 0;
  const start = startChild({
    name: 'The program',
    args: ['-e', `process.stdout.write(process.pid + '\\n'); ${program}`],
    env: {},
    onLine: (line) => {
      if (line === 'ready') stop.abort(new Error('Ctrl-C'));
      else pid = Number(line);
    },
    signal: stop.signal,
  });
  await expect(start).rejects.toThrow('Ctrl-C');
  expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
