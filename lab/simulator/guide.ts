import { FaultSettings } from './faults.ts';
import { testTokens } from './test-tokens.ts';
import { toxicKinds } from './network/toxics.ts';

/** The page under `GET /`: all that can be done here, as lines to paste into a shell. */
export function guide(url: string): string {
  return `Payment gateway simulator

Charge a card. The same Idempotency-Key never charges twice:
  curl -i ${url}/charges -H 'Idempotency-Key: order-1' -H 'Content-Type: application/json' \\
    -d '{"amountMinor":900,"currency":"EUR","paymentToken":"tok_visa"}'

Look at it, give it back:
  curl ${url}/charges/order-1
  curl -X POST ${url}/charges/order-1/cancel

What was charged, in all or for one key, and a clean start:
  curl '${url}/ledger?limit=10'
  curl '${url}/ledger?key=order-1'
  curl -X DELETE ${url}/ledger

Break it. What is left out goes back to its default:
  curl -X PUT ${url}/faults -H 'Content-Type: application/json' \\
    -d '{"errorRate":0.3,"latencyMs":200,"seed":1}'
  curl ${url}/faults
  curl -X DELETE ${url}/faults

Break the network between the service and what it depends on, where npm start has put wires:
  curl ${url}/wires
  curl -X PUT ${url}/wires/postgres -H 'Content-Type: application/json' \\
    -d '{"toxics":[{"type":"latency","latency":30,"jitter":10}]}'
  curl -X PUT ${url}/wires/gateway -H 'Content-Type: application/json' -d '{"enabled":false}'
  curl -X DELETE ${url}/wires

Who would have been called: what Alertmanager sent, and the runbooks that its alerts name:
  curl ${url}/alerts
  curl ${url}/runbooks/README.md

Is it up:
  curl ${url}/health

Test tokens (any other is declined: invalid_token)
${table([...testTokens].map(([token, { meaning }]) => [token, meaning]))}

Faults of POST /charges and, all but declineRate and malformedRate, of cancel.
Rates are shares of the requests, from 0 to 1; of several that hit the same request the first here wins.
${table(Object.entries(FaultSettings.properties).map(([name, knob]) => [name, meaningOf(name, knob)]))}

Toxics of a wire, in the names and units of Toxiproxy; with "enabled": false it is cut.
${table(toxicKinds.flatMap(attributesOf))}
`;
}

function attributesOf(kind: (typeof toxicKinds)[number]): Array<readonly [string, string]> {
  const type = kind.properties.type.const;
  const attributes = Object.entries(kind.properties).filter(([name]) => name !== 'type');
  if (attributes.length === 0) return [[type, meaningOf(type, kind)]];
  return attributes.map(([name, attribute]) => [`${type} ${name}`, meaningOf(name, attribute)]);
}

/** TypeBox keeps annotations in a schema, but not in its type. */
function meaningOf(name: string, knob: object): string {
  const meaning = 'description' in knob ? String(knob.description) : name;
  return 'default' in knob ? `${meaning} (default ${String(knob.default)})` : meaning;
}

function table(rows: ReadonlyArray<readonly [name: string, text: string]>): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join('\n');
}
