import { type Edit, remove, replace } from '../edits.ts';

/** What the console loses with the customers that it sends. */
export const withoutTrafficInConsole: Readonly<Record<string, readonly Edit[]>> = {
  'lab/console/console.ts': [
    remove(/^import .*\.\/traffic\/.*\n/gm),
    remove(/^ *const traffic = .*\n/gm),
    remove(' traffic,'),
    remove(/^ *await app\.register\(trafficRoutes.*\n/gm),
    remove(/^ *await traffic\.close\(\);\n/gm),
  ],
  'lab/console/overview-routes.ts': [
    remove(/^import .*\.\/traffic\/.*\n/gm),
    remove(/^ *traffic: .*\n/gm),
    remove(' traffic,'),
    replace('service, faults, traffic and receiver', 'service, faults and receiver'),
  ],
  'lab/console/api-types.ts': [remove(/^ {2}traffic: TrafficState;\n/gm)],
  'lab/console/page-routes.ts': [remove(/^ {2}'\/traffic',\n/gm)],
  'lab/console/page/main.ts': [
    remove(/^import \{ trafficView \}.*\n/gm),
    remove(/^ {2}traffic: trafficView.*\n/gm),
  ],
  'lab/console/page/index.html': [remove(/^ *<a href="\/traffic">.*\n/gm)],
  'lab/console/page/pulse.ts': [
    replace('{ count, numberOf, rate }', '{ count, numberOf }'),
    replace('alerts, traffic, service,', 'alerts, service,'),
    remove(/^ {4}\{\n {6}key: 'traffic',\n[^]*?^ {4}\},\n/gm),
  ],
  'lab/console/page/overview.ts': [
    remove(/^import \{ breakItBar \}.*\n/gm),
    remove('breakItBar(live, page), '),
  ],
};
