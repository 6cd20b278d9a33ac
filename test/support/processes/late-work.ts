import { createHook } from 'node:async_hooks';
import { writeFileSync } from 'node:fs';
import { trace } from '@opentelemetry/api';
import { currentRequestContext } from '../../../src/telemetry/request-log.ts';

/**
 * Preloaded into a service: finds every timer, socket, promise and other resource that begins in the async context of a
 * request and still runs something after SIGUSR2, which a test sends once all requests are answered. It writes them at the
 * exit of the process, with the stack of their creation, into the file that LATE_WORK_FILE names.
 */
const begun = new Map<number, string>();
const late = new Set<string>();
let quiet = false;

createHook({
  init(id, type) {
    // Requests that come later are expected to run.
    if (quiet || (currentRequestContext() === undefined && trace.getActiveSpan() === undefined)) return;
    const { stack = '' } = new Error(type);
    begun.set(id, stack);
  },
  before(id) {
    const origin = quiet ? begun.get(id) : undefined;
    if (origin !== undefined) late.add(origin);
  },
  destroy(id) {
    begun.delete(id);
  },
}).enable();

Error.stackTraceLimit = 30;
process.on('SIGUSR2', () => {
  quiet = true;
});
process.on('exit', () => {
  writeFileSync(process.env['LATE_WORK_FILE'] ?? '', JSON.stringify([...late]));
});
