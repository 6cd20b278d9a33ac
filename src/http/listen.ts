import { lookup } from 'node:dns/promises';
import type { FastifyInstance } from 'fastify';
import { StartupError } from '../errors.ts';

/**
 * Starts a listener and returns its URL.
 *
 * @param variable the variable that sets the port, for the message when the port is taken
 * @throws {StartupError} when the address is unusable
 */
export async function listen(
  app: FastifyInstance,
  { host, port }: { host: string; port: number },
  variable: string,
): Promise<string> {
  try {
    return await app.listen({ host: await oneAddress(host), port });
  } catch (error) {
    const message = unusableAddress(error, { host, port }, variable);
    throw message === undefined ? error : new StartupError(message, { cause: error });
  }
}

/**
 * For `localhost`, Fastify would listen on every address of the name, with a second server that has no limits and no hooks on
 * its connections. So this is the first one, as for every other name.
 */
export async function oneAddress(host: string): Promise<string> {
  if (host.toLowerCase() !== 'localhost') return host;
  const { address } = await lookup(host, { order: 'ipv4first' });
  return address;
}

/**
 * The URL for an operator: a listener on every address (`HOST=0.0.0.0`) has no URL that is right everywhere, and the one that
 * `listen` returns is right on this machine alone.
 */
export function boundUrl(url: string, host: string): string {
  return host === '0.0.0.0' ? url.replace(/\/\/[^/:]+:/, `//${host}:`) : url;
}

/**
 * Says why an address is unusable and what to do; `undefined` for an error of another kind.
 *
 * @param takesZero whether the variable may be 0, for any free port
 */
export function unusableAddress(
  error: unknown,
  { host, port }: { host: string; port: number },
  variable: string,
  takesZero = true,
): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const orZero = takesZero ? ', or to 0 for any free one' : '';
  const advice: Record<string, string> = {
    EADDRINUSE: `Port ${port} on ${host} is taken. Set ${variable} to another one${orZero}.`,
    EACCES: `Port ${port} on ${host} requires privileges. Set ${variable} to a port above 1023.`,
    EADDRNOTAVAIL: `This machine does not have the address ${host}.`,
    EINVAL: `The address ${host} cannot be listened on. One that starts with fe80 needs its interface, as in fe80::1%eth0.`,
    EAFNOSUPPORT: `This machine does not speak the version of IP of the address ${host}.`,
    ENOTFOUND: `The host name ${host} is unknown.`,
    EAI_AGAIN: `The host name ${host} cannot be looked up: no name server answers.`,
  };
  return typeof code === 'string' ? advice[code] : undefined;
}
