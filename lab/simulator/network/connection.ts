import { connect, type Socket } from 'node:net';
import { createSlowLine } from './slow-line.ts';
import type { Toxic } from './toxics.ts';

/** One connection through a proxy. */
export interface Connection {
  /** Applies a change of the toxics. */
  adapt(): void;
  destroy(): void;
}

export interface ConnectionOptions {
  target: { host: string; port: number };
  toxics(): readonly Toxic[];
  /** Called once both ends are closed. */
  ended(): void;
}

/** Forwards bytes in both directions as far as the toxics allow. A socket error closes the connection. */
export function carry(client: Socket, { target, toxics, ended }: ConnectionOptions): Connection {
  const isDropping = () => toxics().some(({ type }) => type === 'timeout');
  // While packets are dropped, the upstream never learns about a new connection.
  const upstream = isDropping() ? undefined : connect({ ...target, allowHalfOpen: true });
  /** Whether bytes of the stream were dropped. They never arrive later, so the connection cannot continue. */
  let lost = upstream === undefined;
  let reset: NodeJS.Timeout | undefined;
  const answers = createSlowLine({
    toxics,
    deliver: (chunk) => client.write(chunk),
    close: () => client.destroySoon(),
    room: () => void upstream?.resume(),
  });

  /** Dropped packets include the one that ends a connection: neither side learns about it. */
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
  // The 'close' event that follows does the cleanup.
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
  // For example a refused connection: the client must not mistake it for an orderly end.
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
