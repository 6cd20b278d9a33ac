import type { FastifyInstance } from 'fastify';
import { StartupError } from '../errors.ts';

/**
 * Listens and returns the URL.
 *
 * @param variable the configuration variable that holds the port, named when the port is taken
 * @throws {StartupError} when the address cannot be had
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
  variable: string,
): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const advice: Record<string, string> = {
      EADDRINUSE: `Port ${port} on ${host} is taken. Set ${variable} to another one, or to 0 for any free one.`,
      EACCES: `Port ${port} on ${host} needs privileges. Set ${variable} to one above 1023.`,
      EADDRNOTAVAIL: `This machine has no address ${host} to listen on.`,
      ENOTFOUND: `The host name ${host} to listen on is not known.`,
    };
    const message = typeof code === 'string' ? advice[code] : undefined;
    throw message === undefined ? error : new StartupError(message, { cause: error });
  }
}
