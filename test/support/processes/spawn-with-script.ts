import { type Script, type ScriptedGateway, startScriptedGateway } from './scripted-gateway.ts';
import { type Replica, type SpawnedService, spawnService } from './spawn-service.ts';

export interface ScriptedService extends AsyncDisposable {
  service: SpawnedService;
  gateway: ScriptedGateway;
}

/** Spawns the service with a gateway that follows a script. */
export async function spawnWithScript(script: Script, env: Record<string, string>): Promise<ScriptedService> {
  await using started = new AsyncDisposableStack();
  const gateway = started.use(await startScriptedGateway(script));
  const service = await spawnService({ ...env, PAYMENT_GATEWAY_URL: gateway.url });
  started.defer(() => service.close());
  const owned = started.move();
  return { service, gateway, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The log lines of an event, optionally of one order only. */
export function linesOf({ logs }: Pick<Replica, 'logs'>, event: string, orderId?: string) {
  return logs.filter(
    (line) => line['event'] === event && (orderId === undefined || line['order_id'] === orderId),
  );
}
