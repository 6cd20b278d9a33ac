import { globSync } from 'node:fs';
import path from 'node:path';
import { type Edit, type EditedFile, remove, replace } from './edits.ts';

const root = path.resolve(import.meta.dirname, '../..');

/**
 * The console: this repository's own, in the words of the starter. What it knows of orders, of the faults of the payment gateway
 * and of the network stands in files of its own, which the starter replaces or a fork does without.
 */
export function consoleFiles(): EditedFile[] {
  return globSync('lab/console/**/*.{ts,css,html,svg,json}', { cwd: root })
    .filter((file) => !ofOrders.some((glob) => path.matchesGlob(file, glob)))
    .toSorted()
    .concat('lab/dev/console.ts')
    .map((from) => ({ from, to: inWords(from), edits: [...(edits[from] ?? []), inWords] }));
}

/** The starter has its own file of the same name for most of them. Tests have orders as their examples. */
const ofOrders = [
  'lab/console/**/*.test.ts',
  'lab/console/{domain,domain-totals,domain-types}.ts',
  'lab/console/orders/**',
  'lab/console/metrics/domain-readings.ts',
  'lab/console/faults/{network-faults,network-scenarios,scenarios}.ts',
  'lab/console/page/domain*',
  'lab/console/page/{order,orders,order-moments,tours,network-panel,network-settings}.ts',
];

const edits: Readonly<Record<string, readonly Edit[]>> = {
  'lab/console/targets.ts': [
    remove(/^ *\/\*\* URL of the service's database.*\n.*\n/gm),
    replace('omitted for a real gateway, which has', 'omitted for a real dependency, which has'),
  ],
  'lab/dev/console.ts': [
    remove(/^import \{ childEnvironment \}.*\n/gm),
    replace('childEnvironment(config)', 'config.inherited'),
  ],
  'lab/console/config.ts': [remove(/^ *databaseUrl: .*\n/gm)],
  'lab/console/variables.ts': [remove(/^ {2}CONSOLE_DATABASE_URL: text\(\{\n[^]*?^ {2}\}\),\n/gm)],
  'lab/console/faults/fault-routes.ts': [
    remove(/^import .*\.\/network-.*\n/gm),
    remove(/^const Name = .*\n\n/gm),
    remove(/^ {2}network(?:: .*)?[,;]\n/gm),
    remove(/^ *const connected = .*\n/gm),
    replace('network: connected,', 'network: [],'),
    replace('toxicControls: [...toxicControls],', 'toxicControls: [],'),
    replace(/networkScenarios: networkScenarios\.filter\(.*/g, 'networkScenarios: [],'),
    remove(/^ *app\.put\('\/api\/network[^]*?^ {4}\);\n/gm),
    replace(
      /const said = await Promise\.all\(\[[^]*?\]\);/g,
      "const said = await gateway.change('DELETE', '/faults');",
    ),
    replace('answer(reply, ...said)', 'answer(reply, said)'),
    replace('faults of the gateway and the network, and restores both at once', 'faults of the dependency'),
    replace('Restores the gateway and the network, even if one of the two requests fails.', 'Restores it.'),
  ],
  'lab/console/faults/gateway-faults.ts': [
    remove(/^\/\*\* Settings without an effect of their own\. \*\/\n.*\n\n/gm),
    replace('([name, value]) => !details.has(name) && value', '([, value]) => value'),
  ],
  'lab/console/page/faults.ts': [
    remove(/^import .*\.\/network-panel.*\n/gm),
    remove(' | ProxyChange'),
    remove(/^ *case 'proxy':\n.*\n/gm),
    remove(/^ *const network = .*\n/gm),
    remove(/^ *\.\.\.network\..*\n/gm),
    remove(' && !network.isFaulty(state)'),
    remove(/^ *network\.update\(state\);\n/gm),
  ],
  'lab/console/page/map-layout.ts': [
    replace('`gateway`, `postgres` or `redis`', '`gateway`'),
    replace("node.name.includes('gateway') ?", "node.kind === 'other' ?"),
  ],
  'lab/console/page/help.ts': [remove(', in the gateway or in the network')],
  'lab/console/page/pulse.ts': [replace('The gateway and the network work', 'The gateway works')],
  'lab/console/page/index.html': [remove(/^ *<a href="\/tours">.*\n/gm)],
  'lab/console/otlp/records.ts': [
    remove(" In the gateway's lines, the order id is the key of the charge."),
    remove(" || textOf(attributes['key'])"),
  ],
  'lab/console/api-types.ts': [replace('that placed the order', 'that created the booking')],
};

/** A sequence, which keeps its word. */
const sequence = /(?<!(?:\b(?:the|in|any|of|its|ascending|chronological)\s|-))/.source;

/** Gives the console the words of the starter. */
function inWords(text: string): string {
  return text
    .replaceAll("'orders.order.id'", "'frontdesk_ns.booking.id'")
    .replaceAll(/\border(?=Ids?\b|_)/g, 'booking')
    .replaceAll(/\bofOrder\b/g, 'ofBooking')
    .replaceAll(/\bOrder\b/g, 'Booking')
    .replaceAll(/\bthe order (?=id|before|was)/g, 'the booking ')
    .replaceAll(new RegExp(`${sequence}\\border\\b`, 'g'), 'booking')
    .replaceAll(/\ban booking\b/g, 'a booking')
    .replaceAll(/\bpayment gateway\b/g, 'dependency')
    .replaceAll(/\bPayment gateway\b/g, 'Dependency')
    .replaceAll(/\b(the|The) gateway\b/g, '$1 dependency')
    .replaceAll('gateway', 'upstream')
    .replaceAll('Gateway', 'Upstream')
    .replaceAll('GATEWAY', 'UPSTREAM')
    .replaceAll('payment', 'upstream');
}
