import { createServer, type Server } from 'node:net';
import { StartupError } from '../../src/errors.ts';
import { unusableAddress } from '../../src/http/listen.ts';

export interface Address {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** The variable that sets the port. */
  variable: string;
}

/**
 * Checks that every address can be listened on, all at the same time.
 *
 * @throws {StartupError} with a line for each that cannot
 */
export async function checkAddresses(addresses: readonly Address[]): Promise<void> {
  const held: Address[] = [];
  const probes: Server[] = [];
  const faults: string[] = [];
  for (const address of addresses.filter(({ port }) => port > 0)) {
    try {
      probes.push(await occupy(address));
      held.push(address);
    } catch (error) {
      const twin = held.find(({ host, port }) => host === address.host && port === address.port);
      const fault = twin
        ? `${twin.variable} and ${address.variable} are both ${address.port}. Set one of them to another port.`
        : unusableAddress(error, address, address.variable);
      if (fault === undefined) throw error;
      faults.push(fault);
    }
  }
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  if (faults.length > 0) throw new StartupError(faults.join('\n'));
}

function occupy({ host, port }: Address): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  const probe = createServer();
  probe.once('error', reject).listen({ host, port }, () => resolve(probe));
  return promise;
}
