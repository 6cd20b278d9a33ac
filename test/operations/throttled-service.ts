import { throttle } from '../../lab/chaos/recurring.ts';
import { startReplica } from '../../lab/chaos/replica.ts';
import { serviceEnvironment } from '../support/processes/spawn-service.ts';

/** Starts the service and gives it a quarter of a processor, as a rehearsal does, until this process ends. Prints its process id. */

const [databaseUrl = '', gatewayUrl = ''] = process.argv.slice(2);
const replica = await startReplica(serviceEnvironment(databaseUrl, gatewayUrl));
process.stdout.write(`${replica.pid()}\n`);
await throttle([replica], 100, 400);
