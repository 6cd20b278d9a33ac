import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** An answer as it arrived; interim answers (1xx) are included. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  body: string;
}

/** A client that sends arbitrary bytes over its own connection and reads the answers. */
export interface RawConnection extends AsyncDisposable {
  socket: Socket;
  send(bytes: string | Buffer): void;
  /** Returns the next complete answer, or `undefined` when the connection is closed first. */
  answer(): Promise<RawAnswer | undefined>;
  /** Resolves when the connection is closed. */
  closed: Promise<void>;
}

/** Longest wait for an answer, in milliseconds. */
const patience = 20_000;

/** Opens a connection. It sends text as ISO 8859-1: one byte per character. */
export async function openConnection(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  let received = Buffer.alloc(0);
  let ended = false;
  let notice = Promise.withResolvers<void>();
  const notify = () => {
    notice.resolve();
    notice = Promise.withResolvers();
  };
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    notify();
  });
  const end = () => {
    ended = true;
    notify();
  };
  // A reset ends the connection like a close.
  socket.on('error', end);
  socket.on('close', end);
  socket.on('end', () => {
    socket.end();
    end();
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');

  async function answer(): Promise<RawAnswer | undefined> {
    const deadline = AbortSignal.timeout(patience);
    for (;;) {
      const parsed = parseAnswer(received);
      if (parsed) {
        received = received.subarray(parsed.length);
        return parsed.answer;
      }
      if (ended) return undefined;
      await Promise.race([notice.promise, rejectAt(deadline, received)]);
    }
  }

  return {
    socket,
    send: (bytes) => void socket.write(bytes, 'latin1'),
    answer,
    closed,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await closed;
    },
  };
}

function rejectAt(deadline: AbortSignal, received: Buffer): Promise<never> {
  return new Promise((_resolve, reject) => {
    deadline.addEventListener('abort', () => {
      reject(new Error(`no answer and no end within ${patience} ms, after ${received.length} bytes`));
    });
  });
}

/** Parses an answer with a content length or without a body; the service sends no others. */
function parseAnswer(bytes: Buffer): { answer: RawAnswer; length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...fields] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(statusLine) ?? [];
  if (status === undefined) throw new Error(`not the start of an answer: ${statusLine.slice(0, 80)}`);
  const headers = new Headers(
    fields.map((field) => {
      const [name = ''] = field.split(':', 1);
      return [name, field.slice(name.length + 1).trim()] as [string, string];
    }),
  );
  if (headers.has('transfer-encoding')) throw new Error('the answer has no content length');
  const length = headEnd + 4 + Number(headers.get('content-length') ?? 0);
  if (bytes.length < length) return undefined;
  const body = bytes.toString('utf8', headEnd + 4, length);
  return { answer: { status: Number(status), headers, body }, length };
}
