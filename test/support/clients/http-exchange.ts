import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface HttpRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
}

/** An answer as it arrived. */
export interface HttpAnswer {
  /** 0 when the connection was closed without an answer. */
  status: number;
  /** Status line and headers. */
  head: string;
  body: string;
}

/** Longest wait for an answer, in milliseconds. */
const patience = 15_000;

const agent = new Agent({ keepAlive: true });

/** Sends a request that `fetch` would not allow: any header, and any value that HTTP allows. */
export async function send(url: string, { method, path, headers, body }: HttpRequest): Promise<HttpAnswer> {
  const { hostname, port } = new URL(url);
  const sent = request({ agent, hostname, port, method, path, headers, timeout: patience });
  sent.on('timeout', () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
  sent.end(body);
  const [response] = await once(sent, 'response');
  const { statusCode = 0, statusMessage = '', rawHeaders } = response;
  return {
    status: statusCode,
    head: [statusCode, statusMessage, ...rawHeaders].join(' '),
    body: await text(response),
  };
}

/** Sends bytes, whether or not they are HTTP, and reads until the connection is closed. */
export async function sendRaw(url: string, bytes: string): Promise<HttpAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.setTimeout(patience, () => socket.destroy());
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (answer += chunk));
  // The service may close the connection before it has read everything.
  socket.on('error', () => {});
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  const [head = '', ...rest] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1] ?? 0), head, body: rest.join('\r\n\r\n') };
}
