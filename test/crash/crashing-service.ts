import { loadConfig } from '../../src/config/config.ts';
import { createDomain } from '../../src/domain.ts';
import * as statements from '../../src/orders/order-statements.ts';
import { runProcess } from '../../src/process.ts';
import { createService } from '../../src/service.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import { mutants } from './fencing-mutants.ts';

/**
 * The service as main.ts starts it, with a fault point before and after every call to the store and to the gateway.
 * These calls are all the awaits of placing, settling and cancelling an order.
 *
 * At the fault point named by `CRASH_AT`, such as `before store.settle`, the process sends itself a SIGKILL. Once
 * `FREEZE_CALLS` calls have reached the one named by `FREEZE_AT`, it says so to its parent and sends itself a SIGSTOP; then
 * they go on together. `MUTANT` names a statement that loses its condition on the fencing token.
 */
const crashAt = process.env['CRASH_AT'];
const freezeAt = process.env['FREEZE_AT'];
let callsToFreeze = Number(process.env['FREEZE_CALLS']);
const continued = Promise.withResolvers<void>();
const mutant = mutants.find(({ statement }) => statement === process.env['MUTANT']);
if (mutant) {
  const target = Object.values(statements)
    .filter((each) => typeof each === 'object')
    .find(({ name }) => name === mutant.statement);
  if (!target?.text.includes(mutant.from)) throw new Error(`${mutant.statement} has no ${mutant.from}`);
  target.text = target.text.replace(mutant.from, mutant.to);
}

await runProcess(async () => {
  const config = loadConfig();
  const logger = createLogger({ service: 'orders', level: config.logLevel });
  const service = await createService(config, { logger }, (parts) =>
    createDomain(parts, {
      store: (store) => withFaultPoints('store', store),
      gateway: (gateway) => withFaultPoints('gateway', gateway),
    }),
  );
  return {
    announcement: { type: 'listening', url: service.url, adminUrl: service.adminUrl },
    closeDeadline: config.shutdown.deadline,
    close: () => service.close(),
  };
});

function withFaultPoints<T extends object>(name: string, part: T): T {
  return new Proxy(part, {
    get(target, method, receiver) {
      const real: unknown = Reflect.get(target, method, receiver);
      if (typeof real !== 'function') return real;
      return async (...args: unknown[]) => {
        await faultPoint(`before ${name}.${String(method)}`);
        const result: unknown = await Reflect.apply(real, target, args);
        await faultPoint(`after ${name}.${String(method)}`);
        return result;
      };
    },
  });
}

async function faultPoint(name: string): Promise<void> {
  if (name === crashAt) process.kill(process.pid, 'SIGKILL');
  if (name !== freezeAt || callsToFreeze === 0) return;
  callsToFreeze -= 1;
  if (callsToFreeze === 0) {
    await freeze();
    continued.resolve();
  }
  await continued.promise;
}

/** Stops the process, as a suspended machine or a host without processor time does, until its parent continues it. */
async function freeze(): Promise<void> {
  await new Promise((resolve) => process.send?.({ type: 'frozen' }, resolve));
  process.kill(process.pid, 'SIGSTOP');
  // Another thread may take the signal a moment later. This one must not go on meanwhile.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
}
