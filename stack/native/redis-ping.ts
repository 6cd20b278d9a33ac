import { once } from 'node:events';
import { connect } from 'node:net';

/** Whether a Redis on this machine answers a PING. @see https://redis.io/docs/latest/develop/reference/protocol-spec/ */
export async function redisAnswers(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
  try {
    socket.on('timeout', () => socket.destroy(new Error('timeout')));
    socket.write('PING\r\n');
    const [answer]: unknown[] = await once(socket, 'data');
    return String(answer).startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
