import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

/** How the proxy meets a request to open a way: it does so, refuses the credentials, hangs up, or never answers. */
export type ProxyMood = 'open' | 'refuse' | 'hang up' | 'never answer';

/** An outgoing proxy, as it stands at the edge of a network. It finds every host on this machine. */
export interface ConnectProxy extends AsyncDisposable {
  /** With the user `orders` and the password `hush-hush`. */
  url: string;
  /** The targets of all requests so far, each a host and a port. */
  readonly targets: readonly string[];
  /** The credentials of the last request, decoded. */
  readonly credentials: string | undefined;
  behave(mood: ProxyMood): void;
}

export async function startConnectProxy(): Promise<ConnectProxy> {
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  let mood: ProxyMood = 'open';
  let credentials: string | undefined;
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    targets.push(request.url ?? '');
    credentials = Buffer.from(
      request.headers['proxy-authorization']?.replace('Basic ', '') ?? '',
      'base64',
    ).toString();
    sockets.add(socket.on('error', () => {}));
    socket.once('close', () => sockets.delete(socket));
    if (mood === 'refuse') socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    else if (mood === 'hang up') socket.destroy();
    else if (mood === 'open') openWay(socket, Number(request.url?.split(':').at(-1)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://orders:hush-hush@127.0.0.1:${port}`,
    targets,
    get credentials() {
      return credentials;
    },
    behave(next) {
      mood = next;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function openWay(socket: Socket, port: number): void {
  const target = connect(port, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    target.pipe(socket).pipe(target);
  });
  target.on('error', () => socket.destroy());
  socket.on('close', () => target.destroy());
}
