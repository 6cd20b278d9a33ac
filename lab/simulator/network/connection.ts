import { connect, type Socket } from 'node:net';
import { createSlowLine } from './slow-line.ts';
import type { Toxic } from './toxics.ts';

/** One connection through a wire. */
export interface Connection {
  /** The toxics are others now. */
  adapt(): void;
  destroy(): void;
}

export interface ConnectionOptions {
  target: { host: string; port: number };
  toxics(): readonly Toxic[];
  /** Both of its ends are closed. */
  ended(): void;
}

/** Brings what either end sends to the other, as far as the toxics let it. A fault of a socket closes the connection. */
export function carry(client: Socket, { target, toxics, ended }: ConnectionOptions): Connection {
  const isDropping = () => toxics().some(({ type }) => type === 'timeout');
  // Where packets are dropped, nobody behind the network hears of a new connection.
  const upstream = isDropping() ? undefined : connect({ ...target, allowHalfOpen: true });
  /** Whether bytes are missing in its middle, or its beginning: no network brings them later, so it cannot go on. */
  let lost = upstream === undefined;
  let reset: NodeJS.Timeout | undefined;
  const answers = createSlowLine({
    toxics,
    deliver: (chunk) => client.write(chunk),
    close: () => client.destroySoon(),
    room: () => void upstream?.resume(),
  });

  /** Nobody learns what is dropped, the end of a connection included. */
  function unlessDropped(arrive: () => void): void {
    if (isDropping()) lost = true;
    else arrive();
  }

  function armReset(): void {
    clearTimeout(reset);
    const toxic = toxics().find(({ type }) => type === 'reset_peer');
    if (toxic?.type === 'reset_peer') reset = setTimeout(() => client.resetAndDestroy(), toxic.timeout);
  }

  function destroy(): void {
    answers.discard();
    client.destroy();
    upstream?.destroy();
  }

  client.on('data', (chunk: Buffer) =>
    unlessDropped(() => {
      if (upstream?.write(chunk) === false) client.pause();
    }),
  );
  client.on('drain', () => answers.resume());
  client.on('end', () => unlessDropped(() => upstream?.end()));
  // The close that follows says all there is to say.
  client.on('error', () => {});
  client.on('close', () => {
    clearTimeout(reset);
    answers.discard();
    unlessDropped(() => upstream?.destroy());
    if (upstream?.closed !== false) ended();
  });

  upstream?.on('data', (chunk: Buffer) =>
    unlessDropped(() => {
      answers.push(chunk);
      if (answers.isFull()) upstream.pause();
    }),
  );
  upstream?.on('drain', () => client.resume());
  upstream?.on('end', () => unlessDropped(() => answers.end()));
  // Such as one that is refused: whoever asked for it should not take it for an orderly end.
  upstream?.on('error', () => unlessDropped(() => client.resetAndDestroy()));
  upstream?.on('close', () => {
    unlessDropped(() => answers.end());
    if (client.closed) ended();
  });

  armReset();
  return {
    adapt() {
      if (isDropping()) lost = answers.discard() || lost;
      else if (lost) return destroy();
      answers.hurry();
      armReset();
    },
    destroy,
  };
}
