import { FaultSettings } from './faults.ts';
import { testTokens } from './test-tokens.ts';
import { toxicKinds } from './network/toxics.ts';

/** The page under `GET /`: every operation as a command to paste into a shell. */
export function guide(url: string): string {
  return `Payment gateway simulator

Charge a card. The same Idempotency-Key never charges twice:
  curl -i ${url}/charges -H 'Idempotency-Key: order-1' -H 'Content-Type: application/json' \\
    -d '{"amountMinor":900,"currency":"EUR","paymentToken":"tok_visa"}'

Read it, refund it:
  curl ${url}/charges/order-1
  curl -X POST ${url}/charges/order-1/cancel

List the charges, all or for one key, and clear the ledger:
  curl '${url}/ledger?limit=10'
  curl '${url}/ledger?key=order-1'
  curl -X DELETE ${url}/ledger

Set faults. Whatever a request leaves out returns to its default:
  curl -X PUT ${url}/faults -H 'Content-Type: application/json' \\
    -d '{"errorRate":0.3,"latencyMs":200,"seed":1}'
  curl ${url}/faults
  curl -X DELETE ${url}/faults

Break the network between the service and its dependencies, where npm start puts a proxy in front of each
(the former path /wires works until the next version):
  curl ${url}/network
  curl -X PUT ${url}/network/postgres -H 'Content-Type: application/json' \\
    -d '{"toxics":[{"type":"latency","latency":30,"jitter":10}]}'
  curl -X PUT ${url}/network/gateway -H 'Content-Type: application/json' -d '{"enabled":false}'
  curl -X DELETE ${url}/network

Read the alerts that Alertmanager sent, with the messages that programs added, and the runbooks that they name:
  curl ${url}/alerts
  curl ${url}/runbooks/README.md

Check its health:
  curl ${url}/health

Test tokens (every other token is declined: invalid_token)
${table([...testTokens].map(([token, { meaning }]) => [token, meaning]))}

Faults of POST /charges; all except declineRate and malformedRate also apply to cancel.
Rates are shares of the requests, from 0 to 1. If several faults hit the same request, the first in this list wins.
${table(Object.entries(FaultSettings.properties).map(([name, setting]) => [name, meaningOf(name, setting)]))}

Toxics of a proxy, in the names and units of Toxiproxy; "enabled": false cuts the connection.
${table(toxicKinds.flatMap(attributesOf))}
`;
}

function attributesOf(kind: (typeof toxicKinds)[number]): Array<readonly [string, string]> {
  const type = kind.properties.type.const;
  const attributes = Object.entries(kind.properties).filter(([name]) => name !== 'type');
  if (attributes.length === 0) return [[type, meaningOf(type, kind)]];
  return attributes.map(([name, attribute]) => [`${type} ${name}`, meaningOf(name, attribute)]);
}

/** TypeBox keeps annotations in the schema, but not in its type. */
function meaningOf(name: string, setting: object): string {
  const meaning = 'description' in setting ? String(setting.description) : name;
  return 'default' in setting ? `${meaning} (default ${String(setting.default)})` : meaning;
}

function table(rows: ReadonlyArray<readonly [name: string, text: string]>): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join('\n');
}
