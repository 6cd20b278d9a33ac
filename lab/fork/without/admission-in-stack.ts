import { type Edit, remove, replace, withoutBlock } from '../edits.ts';

/** A panel of a dashboard with this title. */
const panel = (title: string): Edit =>
  remove(new RegExp(`^ {8}(?:stat|timeSeries)\\(\\{\\n {10}title: '${title}',[^]*?^ {8}\\}\\),\\n`, 'gm'));

/** A series of a test of rules, whose label has this value. */
const series = (metric: string, label: string): Edit =>
  remove(new RegExp(`^ +- series: ${metric}\\{[^}]*${label}[^}]*\\}\\n.*\\n`, 'gm'));

const sheddingByProxy = /sum\(rate\(haproxy_backend_requests_denied_total.*\n +\+ (?=sum)/g;

/** What the files around the service lose with admission control: HAProxy still spreads the load, and refuses no request early. */
export const withoutAdmissionInStack: Readonly<Record<string, readonly Edit[]>> = {
  'src/config/http-variables.ts': [replace(' and how many requests it takes at a time;', ';')],
  'stack/haproxy/haproxy.cfg': [
    replace(/, and refuses what they cannot take:\n# a refusal costs .*? Valid for/g, '.\n# Valid for'),
    remove(/^ {4}http-after-response set-status 429 .*\n/gm),
    remove(
      /^ {4}# A refusal is to come within 20 ms.*\n {4}timeout queue 10ms\n[^]*?(?=^ {4}# `maxconn` is how many)/gm,
    ),
    replace(
      / Its agent check \(AGENT_PORT\) replaces the number here, as its\n *# limit adapts\. Several/g,
      ' Its agent check (AGENT_PORT) says\n    # when it starts and drains. Several',
    ),
  ],
  'stack/alertmanager/alertmanager.yml': [
    remove(/^ {2}# The limit at its minimum explains .*\n(?: {2}(?:- source| {2}\w).*\n)+/gm),
  ],
  'prometheus/rules/saturation.yml': [
    remove(/^ {6}# What HAProxy refuses in place of [^]*?(?=^ {6}# If callers wait at every scrape)/gm),
  ],
  'prometheus/rules-tests/saturation.test.yml': [
    'a tenth of the requests is shed',
    'the proxy refuses a tenth',
    'the proxy refuses nothing',
    'one client is over its limit',
    'the limit is at its floor, and',
    'the limit is at its floor at rest',
    'a scrape fails while requests are shed',
  ].map((name) => withoutBlock(`- name: ${name}`)),
  'prometheus/rules/slo.yml': [
    remove(/^ {6}# A 429 on this route is [^]*?(?=^ {6}# What HAProxy refuses never)/gm),
    remove(sheddingByProxy),
    replace(
      /# What HAProxy refuses never reaches the service\. It does not know the route either/g,
      '# What HAProxy cannot hand to a replica never reaches the service. It does not know the route',
    ),
    remove(/^ {6}- record: job:creations_shed:rate1m\n[^]*?\n(?=\n)/gm),
    replace('+ job:creations_shed:rate1m', '+ on (job) (job:proxy_refused:rate1m or job:no_events:rate1m)'),
  ],
  'prometheus/rules-tests/slo.test.yml': [
    withoutBlock('- name: admission control sheds'),
    series('requests_shed_total', 'reason="queue_full"'),
    series('haproxy_backend_requests_denied_total', 'proxy'),
    replace(
      /(?<series>- series: haproxy_backend_connection_errors_total.*\n +values: )0\+1x180/g,
      '$<series>0+3x180',
    ),
    replace(
      'HAProxy refuses 3 % of the requests in place of the service',
      'HAProxy has no replica for 3 % of the requests',
    ),
    replace(', invalid requests and shed listings cost no budget', ' and invalid requests cost no budget'),
    remove(/^ +# On another replica admission control .*\n(?: +- series: .*instance="b".*\n.*\n)+/gm),
  ],
  'grafana/source/saturation.ts': [
    remove(/^const ours = [^]*?(?=^export const saturationDashboard)/gm),
    replace('memory, connections or the concurrency limit?', 'memory or connections?'),
    panel('Places in use'),
    panel('Refused as too many'),
    remove(/^ {4}\{\n {6}title: 'Admission',[^]*?^ {4}\},\n/gm),
    replace('width: 4,', 'width: 6,'),
    replace('bad, neutral, notice', 'bad, notice'),
    replace('import { logsLink, tracesLink }', 'import { tracesLink }'),
    replace('rate, rateAtProxy, sumBy }', 'rate }'),
  ],
  'grafana/source/promql.ts': [withoutBlock('export function rateAtProxy')],
  'grafana/source/detection.ts': [
    replace(' The other reasons are overload; see Saturation. Flat', ' Flat'),
    remove(/^ +'\(queue_full\|queue_timeout\|event_loop\)': bad,\n +client_gone: 'text',\n/gm),
  ],
  'grafana/source/service.ts': [
    replace('429 is either overload (see Saturation) or a rate limit.', '429 is a rate limit.'),
  ],
  'docs/runbooks/README.md': [remove(/^\| `RequestsShed`.*\n/gm)],
  'docs/runbooks/creation-availability.md': [
    replace(
      /are refused: with a 5xx, or with a 429 because admission\ncontrol shed them\. Mistakes of clients, and their own/g,
      'fail with a 5xx. Mistakes of clients, and their\nown',
    ),
    remove(/^\| 429 `overloaded`.*\n/gm),
  ],
  'docs/recipes.md': [
    replace(' its `priority` says when it is shed,', ''),
    remove(/^\+ +config: \{ priority: 'list' \},\n/gm),
  ],
  'deploy/chart/values.yaml': [
    withoutBlock('admission:'),
    replace(
      'asks each replica for its state and how many requests it takes',
      'asks each replica for its state',
    ),
  ],
  'deploy/chart/templates/_helpers.tpl': [
    replace(
      /\{\{- if or (?<monitoring>\(and \.Values\.monitoring\.enabled .*?\)\)) \(and \.Values\.autoscaling\.enabled .*?\) \}\}/g,
      '{{- if $<monitoring> }}',
    ),
    replace(
      'leaves the rules, the dashboards and the autoscaler without',
      'leaves the rules and the dashboards without',
    ),
  ],
  'deploy/chart/templates/availability.yaml': [
    remove(/^ {2}# The larger of the answers wins\.\n/gm),
    remove(/^ +\{\{- if \.Values\.autoscaling\.admission\.enabled \}\}\n[^]*?\{\{- end \}\}\n/gm),
  ],
  'deploy/source/values-schema.ts': [remove(/^ +admission: object\(.*\n/gm)],
  'deploy/values/managed.yaml': [remove(/^ {2}admission: .*\n/gm)],
  'deploy/values/haproxy.yaml': [
    replace(
      'asks every replica how many requests it takes and refuses the rest by priority',
      'asks every replica for its state',
    ),
  ],
};
