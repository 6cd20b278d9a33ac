import { type Edit, remove, replace, withoutBlock } from '../edits.ts';

/** What the files that stay lose with admission control. */
export const withoutAdmission: Readonly<Record<string, readonly Edit[]>> = {
  'src/service.ts': [
    remove(/^import \{ createAdmission \}.*\n/gm),
    remove(/^ *const admission =\n[^]*?\]\);\n.*admission\?\.close\(\)\);\n/gm),
    replace('// What protects it, and what reports its state.', '// What reports its state.'),
    remove(/^ *admission: \(\) => .*\n/gm),
    remove(/^ *limit: \(\) => admission.*\n/gm),
    remove(/^ *admission,\n *admissionEvents: probes\.admission,\n/gm),
    withoutBlock('const noAdmission'),
  ],
  'src/probes.ts': [
    remove(/^import \{ observeAdmission \}.*\n/gm),
    withoutBlock('admission: observeAdmission'),
  ],
  'src/domain-contract.ts': [withoutBlock('queues: ReadonlyArray')],
  'src/bookings/domain.ts': [remove(/^ *queues: \[.*\n/gm)],
  'src/upstream/client.ts': [
    withoutBlock('queue: { waiting(): number'),
    remove(/^ *queue: \{ waiting: \(\) => .*\n/gm),
    remove(/^ *let completed = 0;\n/gm),
    remove(/^ *completed \+= 1;\n/gm),
  ],
  'src/bookings/booking-routes.ts': [
    remove(/^ *config: \{ priority: '\w+' \},\n/gm),
    replace(/priority: '\w+', /g, ''),
  ],
  'src/http/server.ts': [
    remove(/^import .*(?:AdmissionEvents|Admission|admitRequests|refuseEarly|refuseUnparsed) \}.*\n/gm),
    withoutBlock('admission: Admission | undefined'),
    remove(/^ *admissionEvents: AdmissionEvents;\n/gm),
    remove(/^ \* {5}refuse(?:Unparsed|Early) .*\n/gm),
    remove(/^ \* {7}admitRequests .*\n/gm),
    replace(
      /nothing: admitRequests frees the slot \(of a large answer when it is taken\),\n \* +boundUnreadAnswers counts, announce/g,
      'nothing: boundUnreadAnswers counts, announce',
    ),
    remove(/^ *const early =\n[^]*?\n {4}\}\);\n/gm),
    remove(/^ *if \(early\) refuseUnparsed\(.*\n/gm),
    remove(/^ *early\?\.cover\(scope\);\n.*admitRequests\(.*\n/gm),
  ],
  'src/http/limits/unread-answers.ts': [
    replace(
      /it gets no more of them, and each keeps its admission slot until it is taken\./g,
      'it gets no more of them.',
    ),
  ],
  'src/http/openapi.ts': [remove(/^ *problems\.overloaded,\n/gm)],
  'src/http/problem-details.ts': [withoutBlock('overloaded: {')],
  'src/config/config.ts': [
    withoutBlock('admission: AdmissionConfig'),
    withoutBlock('export interface AdmissionConfig'),
    remove(/^ *admission: admissionConfig\(value\),\n/gm),
    remove(/^ *\[\n *value\.ADMISSION_LIMIT_MIN[^]*?\],\n/gm),
    remove(/^ *\.\.\.mustNotBeZero\(value, 'ADMISSION.*\n/gm),
    withoutBlock('function admissionConfig'),
  ],
  'src/config/variables.ts': [
    ...['ADMISSION', 'ADMISSION_LIMIT_MIN', 'ADMISSION_LIMIT_MAX', 'ADMISSION_TARGET', 'ADMISSION_QUEUE'].map(
      (name) => withoutBlock(`${name}: `),
    ),
    ...['ADMISSION_BUSY_LATENCY', 'ADMISSION_QUEUE_TIMEOUT', 'ADMISSION_LOOP_DELAY'].map((name) =>
      withoutBlock(`${name}: `),
    ),
  ],
  'src/config/log-filter.ts': [remove(", 'admission'")],
  'src/telemetry/metrics/gauge-sources.ts': [
    remove(/^ *admission\(\): .*\n/gm),
    replace('circuits, admission }', 'circuits }'),
    ...['in_flight', 'queue_depth', 'limit'].map((name) =>
      remove(new RegExp(`^ *make\\.gauge\\(\\{\\n *name: 'admission_${name}',[^]*?\\}\\);\\n`, 'gm')),
    ),
  ],
  'src/telemetry/metrics/http-metrics.ts': [
    replace(
      "['queue_full', 'queue_timeout', 'event_loop', 'client_gone', 'rate_limited']",
      "['rate_limited']",
    ),
  ],
  'src/admin/agent-check.ts': [
    remove(/^import \{ roomFor \}.*\n/gm),
    withoutBlock('limit(): number'),
    replace(', limit }: AgentCheckParts', ' }: AgentCheckParts'),
    replace(
      /^ *const most = limit\(\);\n([^]*?) *return most === undefined[^]*?;\n/gm,
      "$1    return 'ready up\\n';\n",
    ),
    replace(
      / \* Answers HAProxy's agent check: one line per TCP connection with the state of this instance and how[^]*? \*\n \* @see/g,
      " * Answers HAProxy's agent check: one line per TCP connection with the state of this instance.\n *\n * @see",
    ),
  ],
  'lab/console/metrics/readings.ts': [
    withoutBlock('admission_limit: ('),
    withoutBlock('admission_queue_depth: ('),
    remove(/^ *(?:limit|queued): (?:number \| )?null[;,]\n/gm),
  ],
  'lab/console/metrics/series.ts': [replace('inFlight, limit, queued, memory', 'inFlight, memory')],
  'lab/console/page/overview.ts': [remove(/^ *\{ column: '(?:limit|queued)', .*\n/gm)],
  'lab/console/page/tiles.ts': [
    replace(
      "[inFlight, limit] = [now(live, 'inFlight'), now(live, 'limit')]",
      "inFlight = now(live, 'inFlight')",
    ),
    replace("limit === null ? 'no limit' : `limit ${count(limit)}`", "'requests'"),
  ],
};
