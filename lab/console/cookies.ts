import type { FastifyRequest } from 'fastify';

/** @returns its value, or nothing if the browser did not send it */
export function cookieOf({ headers }: FastifyRequest, name: string): string {
  const cookies = headers.cookie?.split(';') ?? [];
  const own = cookies.map((each) => each.trim()).find((each) => each.startsWith(`${name}=`));
  return own?.slice(name.length + 1) ?? '';
}
