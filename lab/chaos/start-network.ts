import { ownWires, type Wires } from './network.ts';
import { findToxiproxy, startToxiproxy } from './toxiproxy.ts';

/** Toxiproxy, where its server is on the PATH; else the small proxy of the simulator, which knows the same toxics. */
export async function startWires(): Promise<Wires> {
  const command = findToxiproxy();
  return command === undefined ? ownWires() : startToxiproxy(command);
}
