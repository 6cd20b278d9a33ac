import { ownNetwork, type Network } from './network.ts';
import { findToxiproxy, startToxiproxy } from './toxiproxy.ts';

/** Uses Toxiproxy if its server is on the PATH, else the simulator's small proxy, which has the same toxics. */
export async function startNetwork(): Promise<Network> {
  const command = findToxiproxy();
  return command === undefined ? ownNetwork() : startToxiproxy(command);
}
