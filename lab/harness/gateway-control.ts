import type { FaultSettings } from '../simulator/faults.ts';
import type { LedgerRecord, Totals } from '../simulator/ledger.ts';

/** Controls the simulator over HTTP. */
export interface GatewayControl {
  url: string;
  setFaults(faults: Partial<FaultSettings>): Promise<void>;
  clearFaults(): Promise<void>;
  ledger(): Promise<{ charges: LedgerRecord[]; totals: Totals }>;
  /** The messages that programs sent to the pager about alerts, newest first. */
  messages(): Promise<string[]>;
  /** The gateway's record of an order's charge. */
  chargeOf(orderId: string): Promise<LedgerRecord | undefined>;
}

export function createGatewayControl(url: string): GatewayControl {
  const call = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const ledger = async () => (await call('GET', '/ledger')) as Awaited<ReturnType<GatewayControl['ledger']>>;
  return {
    url,
    setFaults: async (faults) => void (await call('PUT', '/faults', faults)),
    clearFaults: async () => void (await call('DELETE', '/faults')),
    ledger,
    messages: async () =>
      ((await call('GET', '/alerts')) as { messages: Array<{ text: string }> }).messages.map(
        ({ text }) => text,
      ),
    chargeOf: async (orderId) => (await ledger()).charges.find(({ key }) => key === orderId),
  };
}
