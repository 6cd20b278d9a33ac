import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import fastify from 'fastify';
import * as fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { Admission } from '../../admission/admission.ts';
import { answerInTurn } from '../hardening/turns.ts';
import { refuseEarly } from './early-refusal.ts';
import { refuseUnparsed } from './unparsed-refusal.ts';

const close: Array<() => unknown> = [];
afterEach(() => close.splice(0).forEach((each) => each()));

/** A server that sheds every list while told so. It counts the requests that Node's parser has seen. */
async function shedding() {
  const state = { sheds: true, parsed: 0, draining: false, held: Promise.resolve() };
  const server = createServer((request, response) => {
    // Its answer comes later, so that what arrives meanwhile has to wait.
    request.resume().once('end', () => {
      setImmediate(() => void state.held.then(() => response.end(String(request.headers['x-request-id']))));
    });
  });
  const early = refuseEarly(server, {
    admission: {
      wouldShed: () => (state.sheds ? 'queue_full' : undefined),
      busy: () => false,
    } as unknown as Admission,
    events: { shed() {}, shedEarly: () => true },
    bodyLimit: 1000,
    proxies: { trustProxy: false, proxyHeader: 'x-forwarded-for' },
    requestIdOf: ({ headers }) => String(headers['x-request-id']),
    draining: () => state.draining,
  });
  const app = fastify();
  early.cover(app);
  app.get('/lists', () => '');
  app.post('/lists', () => '');
  refuseUnparsed(server, answerInTurn(server), early);
  server.on('request', () => (state.parsed += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  close.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return { state, port };
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A connection that sends bytes as they are, and reads answers with a content length. */
async function connection(port: number) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true }).setEncoding('latin1');
  await once(socket, 'connect');
  close.push(() => socket.destroy());
  let text = '';
  let ended = false;
  const closed = once(socket, 'end');
  let more = Promise.withResolvers<void>();
  const wake = () => {
    more.resolve();
    more = Promise.withResolvers();
  };
  socket.on('data', (chunk: string) => {
    text += chunk;
    wake();
  });
  socket.on('end', () => {
    ended = true;
    wake();
  });

  function take(toHead: boolean): Answer | undefined {
    const end = text.indexOf('\r\n\r\n');
    if (end === -1) return undefined;
    const [line = '', ...fields] = text.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      fields.map((field) => [
        field.slice(0, field.indexOf(':')).toLowerCase(),
        field.slice(field.indexOf(':') + 2),
      ]),
    );
    const length = toHead ? 0 : Number(headers['content-length']);
    if (text.length < end + 4 + length) return undefined;
    const body = text.slice(end + 4, end + 4 + length);
    text = text.slice(end + 4 + length);
    return { status: Number(line.split(' ')[1]), headers, body };
  }

  return {
    send: (bytes: string) => socket.write(bytes, 'latin1'),
    async answer({ toHead = false } = {}): Promise<Answer> {
      for (;;) {
        const answer = take(toHead);
        if (answer !== undefined) return answer;
        if (ended) throw new Error('the connection has ended');
        await more.promise;
      }
    },
    left: () => text,
    ended: () => closed,
  };
}

/** Until the server has read what was sent, if it reads. A turn of the event loop reads the sockets after it runs this. */
async function arrival(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await nextTurn();
}

const list = (id: string, more = '') =>
  `GET /lists HTTP/1.1\r\nhost: x\r\nx-request-id: ${id}\r\n${more}\r\n`;
const addition = (id: string, body = '{"a":1}') =>
  `POST /lists HTTP/1.1\r\nhost: x\r\nx-request-id: ${id}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

/** A connection of which the parser has seen two refused requests, so that it sees no more. */
async function refusedTwice() {
  const { state, port } = await shedding();
  const { send, answer, ...rest } = await connection(port);
  const first: Answer[] = [];
  for (const id of ['first', 'second']) {
    send(list(id));
    first.push(await answer());
  }
  state.parsed = 0;
  return { state, send, answer, first, ...rest };
}

test('a refusal is the same whether Node has parsed the request or not', async () => {
  const { state, send, answer, first } = await refusedTwice();
  const idOf = ({ headers, body }: Answer) => [headers['x-request-id'], JSON.parse(body).requestId];
  const formOf = ({ status, headers }: Answer) => [
    status,
    Object.keys(headers).toSorted(),
    { ...headers, date: '', 'retry-after': '', 'x-request-id': '', 'content-length': '' },
  ];
  for (const request of [list('third'), addition('fourth'), list('fifth')]) {
    send(request);
    const unparsed = await answer();
    expect(formOf(unparsed)).toEqual(first.map(formOf)[0]);
    const [, id] = /x-request-id: (\w+)/.exec(request) ?? [];
    expect(idOf(unparsed)).toEqual([id, id]);
    expect(Date.parse(unparsed.headers['date'] ?? '')).toBeGreaterThan(Date.now() - 60_000);
  }
  expect(state.parsed).toBe(0);
});

test('a request that is not plain goes through the parser, and later ones are refused without it again', async () => {
  const { state, send, answer } = await refusedTwice();
  send(list('head').replace('GET', 'HEAD'));
  expect((await answer({ toHead: true })).headers['x-request-id']).toBe('head');
  send(addition('chunked', '0\r\n\r\n').replace(/content-length: \d+/, 'transfer-encoding: chunked'));
  expect((await answer()).body).toBe('chunked');
  expect(state.parsed).toBe(2);
  // The parser has to show where it stands.
  for (const id of ['one', 'two', 'three']) {
    send(list(id));
    expect((await answer()).headers['x-request-id']).toBe(id);
  }
  expect(state.parsed).toBe(3);
});

test('the body of a request that was refused before it arrived is not taken for a request', async () => {
  const { state, send, answer, left } = await refusedTwice();
  const body = list('inside');
  const [head = ''] = addition('outside', body).split(body);
  send(head);
  expect((await answer()).headers['x-request-id']).toBe('outside');
  send(body);
  send(list('after'));
  expect((await answer()).headers['x-request-id']).toBe('after');
  expect(left()).toBe('');
  expect(state.parsed).toBe(2);
});

test('a piece of a request that looks like a whole one is not answered by itself', async () => {
  const { send, answer, left } = await refusedTwice();
  const body = list('inside');
  send(`POST /lists HTTP/1.1\r\nx-request-id: outside\r\ncontent-length: ${body.length}\r\nx-a: `);
  await arrival();
  // For the parser, its first line is a value and its end that of the head.
  send('GET /lists HTTP/1.1\r\nhost: x\r\n\r\n');
  expect((await answer()).headers['x-request-id']).toBe('outside');
  send(body);
  await arrival();
  send(list('after'));
  expect((await answer()).headers['x-request-id']).toBe('after');
  expect(left()).toBe('');
});

test('a refusal waits for the answer to the request before it', async () => {
  const { state, send, answer } = await refusedTwice();
  const { promise, resolve } = Promise.withResolvers<void>();
  state.held = promise;
  send(list('first').replace('/lists', '/other'));
  await arrival();
  send(list('second'));
  await arrival();
  resolve();
  expect((await answer()).body).toBe('first');
  expect((await answer()).headers['x-request-id']).toBe('second');
});

test('a connection is closed after its refusal while the service drains, and when its client asks for that', async () => {
  const drained = await refusedTwice();
  drained.state.draining = true;
  drained.send(list('last'));
  expect((await drained.answer()).headers['connection']).toBe('close');
  await drained.ended();
  expect(drained.state.parsed).toBe(0);

  const asked = await refusedTwice();
  asked.send(list('last', 'connection: close\r\n'));
  expect((await asked.answer()).headers['connection']).toBe('close');
  await asked.ended();
});

test('requests are answered in their order, whatever the pieces in which they arrive, and whether they are shed', async () => {
  const kinds = [
    list,
    addition,
    (id: string) => list(id).replace('/lists', '/other'),
    (id: string) => addition(id).replace('/lists', '/other'),
    (id: string) => addition(id, list('inside')),
    (id: string) => addition(id, '0\r\n\r\n').replace(/content-length: \d+/, 'transfer-encoding: chunked'),
  ];
  const piece = fc.record({
    requests: fc.array(fc.nat(kinds.length - 1), { minLength: 1, maxLength: 3 }),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    sheds: fc.boolean(),
    waits: fc.boolean(),
    arrives: fc.boolean(),
  });
  const watching = { requests: [0], cut: null, sheds: true, waits: true, arrives: false };
  const { state, port } = await shedding();
  let refusals = 0;
  let requests = 0;
  state.parsed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 8 }), async (others) => {
      // After two lists that are refused one by one, the connection is watched.
      const pieces = [watching, watching, watching, ...others];
      const { send, answer, left } = await connection(port);
      const ids: string[] = [];
      const answered: Array<string | undefined> = [];
      const next = async () => {
        const { status, headers, body } = await answer();
        if (status === 429) refusals += 1;
        answered.push(headers['x-request-id'] ?? body);
      };
      for (const { requests: some, cut, sheds, waits, arrives } of pieces) {
        state.sheds = sheds;
        const bytes = some
          .map((kind) => {
            ids.push(`id-${ids.length}`);
            return kinds[kind]?.(ids.at(-1) ?? '') ?? '';
          })
          .join('');
        const at = Math.floor((cut ?? 0) * bytes.length);
        send(bytes.slice(0, at));
        if (cut !== null) await arrival();
        send(bytes.slice(at));
        if (arrives) await arrival();
        if (waits) while (answered.length < ids.length) await next();
      }
      while (answered.length < ids.length) await next();
      expect(answered).toEqual(ids);
      expect(left()).toBe('');
      requests += ids.length;
    }),
    { numRuns: 150 },
  );
  expect(refusals).toBeGreaterThan(100);
  expect(state.parsed).toBeLessThan(requests);
});
