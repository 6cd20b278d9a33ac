import { ownNetwork, type Network } from './network.ts';
import { findToxiproxy, startToxiproxy } from './toxiproxy.ts';

/** Toxiproxy, where its server is on the PATH; else the small proxy of the simulator, which knows the same toxics. */
export async function startNetwork(): Promise<Network> {
  const command = findToxiproxy();
  return command === undefined ? ownNetwork() : startToxiproxy(command);
}
