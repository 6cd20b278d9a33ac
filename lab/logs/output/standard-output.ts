import { reasonOf } from '../checkpoint.ts';
import { type Target, TargetGone } from './target.ts';

/** Writes the lines as they were read. */
export function createStandardOutput(stream: NodeJS.WritableStream = process.stdout): Target {
  // Reported to the callback of the write, too.
  stream.on('error', () => {});
  return {
    name: 'standard output',
    async send({ text }) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      stream.write(text, (error) => {
        if (error == null) resolve();
        else reject(new TargetGone(`Standard output: ${describe(error)}.`, { cause: error }));
      });
      await promise;
    },
    close: async () => {},
  };
}

function describe(error: Error): string {
  return 'code' in error && error.code === 'EPIPE' ? 'its reader has ended' : reasonOf(error);
}
