import { connect, type Socket } from 'node:net';
import { apiKey, sampleOrder } from '../shared/load.ts';
import { type Answers, type Phase, type Step, unanswered } from './phase.ts';

/**
 * Open-loop load: sends orders on schedule, whether or not earlier ones are answered, in its own process so that nothing
 * delays it. It writes and reads HTTP itself, because the cost of a client library would limit the load.
 */

const host = '127.0.0.1';
const body = JSON.stringify(sampleOrder);
/** Connections opened at the start, and the most that it opens. Each carries one request at a time. */
const connections = { first: 250, most: 8000 };
/** Milliseconds after which a client without an answer hangs up. */
const patience = 2000;
/** Milliseconds between two checks for such clients. */
const lookInterval = 50;
/** Milliseconds. A request that is later than this is not sent, because it would load another moment than planned. */
const latest = 250;

interface Connection {
  socket: Socket;
  /** The part of the answer received so far. */
  text: string;
  /** Length of the whole answer; undefined until its head is complete. */
  length: number | undefined;
  status: number;
  /** The request in flight. */
  request: { dueAt: number; sentAt: number } | undefined;
}

process.on('message', (phase: Phase) => void run(phase).then((answers) => process.send?.(answers)));
process.once('disconnect', () => process.exit());

async function run({ url, steps }: Phase): Promise<Answers> {
  const port = Number(new URL(url).port);
  const answers: Answers = { due: [], late: [], latencies: [], statuses: [], unsent: [] };
  const open = new Set<Connection>();
  /** First in, first out, so that no connection stays idle for long. */
  const free: Connection[] = [];
  let waiting = 0;
  let requests = 0;

  function openConnection(): Connection {
    const socket = connect({ port, host, noDelay: true });
    const connection: Connection = { socket, text: '', length: undefined, status: 0, request: undefined };
    open.add(connection);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => read(connection, chunk));
    socket.on('error', () => {});
    socket.on('close', () => {
      settle(connection, unanswered.lost);
      open.delete(connection);
      const index = free.indexOf(connection);
      if (index !== -1) free.splice(index, 1);
    });
    return connection;
  }

  function read(connection: Connection, chunk: string): void {
    // The service also writes to idle connections when it closes them; that is no answer.
    if (connection.request === undefined) return;
    connection.text += chunk;
    if (connection.length === undefined) {
      const end = connection.text.indexOf('\r\n\r\n');
      if (end === -1) return;
      const head = connection.text.slice(0, end);
      connection.status = Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
      connection.length = end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    }
    if (connection.text.length < connection.length) return;
    connection.text = '';
    connection.length = undefined;
    settle(connection, connection.status);
    free.push(connection);
  }

  function settle(connection: Connection, status: number): void {
    if (connection.request === undefined) return;
    const { dueAt, sentAt } = connection.request;
    connection.request = undefined;
    waiting -= 1;
    answers.due.push(dueAt - startedAt);
    answers.late.push(sentAt - dueAt);
    answers.latencies.push(performance.now() - sentAt);
    answers.statuses.push(status);
  }

  function send(dueAt: number): void {
    const sentAt = performance.now();
    const inTime = sentAt - dueAt < latest;
    const connection =
      inTime && (free.shift() ?? (open.size < connections.most ? openConnection() : undefined));
    if (!connection) {
      answers.unsent.push(dueAt - startedAt);
      return;
    }
    connection.request = { dueAt, sentAt };
    waiting += 1;
    requests += 1;
    connection.socket.write(
      `POST /orders HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${apiKey}\r\n` +
        `idempotency-key: ${startedAt}-${requests}\r\ncontent-type: application/json\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    );
  }

  await Promise.all(
    Array.from({ length: connections.first }, async () => {
      const connection = openConnection();
      await new Promise((resolve) => connection.socket.once('connect', resolve));
      free.push(connection);
    }),
  );
  const startedAt = performance.now();
  const hangUps = setInterval(() => {
    const now = performance.now();
    for (const connection of open) {
      if (connection.request === undefined || now - connection.request.sentAt < patience) continue;
      settle(connection, unanswered.gaveUp);
      connection.socket.destroy();
    }
  }, lookInterval);

  const due = dueTimes(steps);
  let next = due.next();
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const ticking = setInterval(() => {
    const now = performance.now();
    while (!next.done && startedAt + next.value <= now) {
      send(startedAt + next.value);
      next = due.next();
    }
    if (next.done && waiting === 0) resolve();
  }, 1);
  await done;
  clearInterval(ticking);
  clearInterval(hangUps);
  for (const { socket } of open) socket.destroy();
  return answers;
}

/** Milliseconds from the start, evenly spaced within each step. */
function* dueTimes(steps: readonly Step[]): Generator<number> {
  let start = 0;
  for (const { rate, seconds } of steps) {
    for (let index = 0; index < rate * seconds; index += 1) yield start + (1000 * index) / rate;
    start += 1000 * seconds;
  }
}
