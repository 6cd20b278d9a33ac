import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { StartupError } from '../../src/errors.ts';

/**
 * Makes this process the only one that keeps captures in the folder: a second one would delete those of the first by its own
 * EVIDENCE_KEEP, and each would take a profile of the same replica.
 *
 * A socket in the folder says so, because it ends with its process, however that ends, and is seen from other containers. Where none can
 * be made, such as on some volumes, nothing is said.
 *
 * @returns gives the folder up
 * @throws {StartupError} if another process has it
 */
export async function ownFolder(folder: string): Promise<() => void> {
  const file = path.join(folder, 'receiver.sock');
  if (await answers(file))
    throw new StartupError(
      `Another evidence receiver keeps its captures in ${folder}. Set EVIDENCE_DIR to a folder of its own.`,
    );
  const server = createServer((socket) => socket.destroy());
  // One that cannot be accepted has been answered all the same.
  server.on('error', () => {});
  try {
    // What a process has left that was killed.
    await rm(file, { force: true });
    await once(server.listen(file), 'listening');
  } catch {
    return () => {};
  }
  return () => void server.close();
}

async function answers(file: string): Promise<boolean> {
  const socket = connect(file);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
