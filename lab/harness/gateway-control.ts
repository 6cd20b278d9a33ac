import type { FaultSettings } from '../simulator/faults.ts';
import type { LedgerRecord, Totals } from '../simulator/ledger.ts';

/** The simulator did not answer when its faults were to be cleared. The message is for the user. */
export class FaultsLeft extends Error {
  override readonly name = 'FaultsLeft';

  constructor(url: string, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `The faults of the gateway at ${url} may still be set, because it does not answer (${reason}). Once it does: curl -X DELETE ${url}/faults`,
      { cause },
    );
  }
}

/** Milliseconds until the simulator counts as away. */
const patience = 5000;

/** Controls the simulator over HTTP. */
export interface GatewayControl {
  url: string;
  setFaults(faults: Partial<FaultSettings>): Promise<void>;
  /** @throws {FaultsLeft} */
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
      signal: AbortSignal.timeout(patience),
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const ledger = async () => (await call('GET', '/ledger')) as Awaited<ReturnType<GatewayControl['ledger']>>;
  return {
    url,
    setFaults: async (faults) => void (await call('PUT', '/faults', faults)),
    async clearFaults() {
      await call('DELETE', '/faults').catch((error: unknown) => {
        throw new FaultsLeft(url, error);
      });
    },
    ledger,
    messages: async () =>
      ((await call('GET', '/alerts')) as { messages: Array<{ text: string }> }).messages.map(
        ({ text }) => text,
      ),
    chargeOf: async (orderId) => (await ledger()).charges.find(({ key }) => key === orderId),
  };
}
