import { loadConfig } from '../../src/config/config.ts';
import { runProcess } from '../../src/process.ts';
import { createService } from '../../src/service.ts';
import { createLogger } from '../../src/telemetry/logging/logger.ts';

/**
 * The service as main.ts starts it, with a fault point before and after every call to the store and to the gateway.
 * These calls are all the awaits of placing, settling and cancelling an order. At the fault point named by `CRASH_AT`,
 * such as `before store.settle`, the process sends itself a SIGKILL.
 */
const crashAt = process.env['CRASH_AT'];

await runProcess(async () => {
  const config = loadConfig();
  const logger = createLogger({ service: 'orders', level: config.logLevel });
  const service = await createService(
    config,
    { logger },
    {
      store: (store) => withFaultPoints('store', store),
      gateway: (gateway) => withFaultPoints('gateway', gateway),
    },
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
        faultPoint(`before ${name}.${String(method)}`);
        const result: unknown = await Reflect.apply(real, target, args);
        faultPoint(`after ${name}.${String(method)}`);
        return result;
      };
    },
  });
}

function faultPoint(name: string): void {
  if (name === crashAt) process.kill(process.pid, 'SIGKILL');
}
