import { type Edit, remove, replace, withoutBlock } from '../edits.ts';

/** What the files that stay lose with the OpenTelemetry instrumentations: the spans are then always those of the service. */
export const withoutAutoInstrumentation: Readonly<Record<string, readonly Edit[]>> = {
  'src/telemetry/sdk/start-sdk.ts': [
    remove(/^import \{ createCallerTrust \}.*\n/gm),
    replace('{ type Boundary, createBoundary }', '{ createBoundary }'),
    remove(/^ *instrumentations: .*\n/gm),
    replace(/^ *if \(config\.instrumentation === 'lean'\) \{\n([^]*?) *\} else await .*\n/gm, '$1'),
    withoutBlock('async function loadInstrumentations'),
  ],
  'src/telemetry/sdk.ts': [
    replace(
      /`node --import` preloads this file before any library that could be instrumented\. The\n \* standard `OTEL_\*` variables and TELEMETRY_INSTRUMENTATION configure it\./g,
      '`node --import` preloads this file. The standard `OTEL_*` variables\n * configure it.',
    ),
  ],
  'src/config/telemetry-config.ts': [
    withoutBlock("instrumentation: 'lean' | 'auto'"),
    remove(/^ *instrumentation: value\.TELEMETRY_INSTRUMENTATION,\n/gm),
    remove(/^ *value\.TELEMETRY_INSTRUMENTATION === 'auto' \|\|\n/gm),
  ],
  'src/config/telemetry-variables.ts': [remove(/^ *TELEMETRY_INSTRUMENTATION: .*\n/gm)],
  'src/config/sdk-variables.ts': [
    replace(
      'which the service loads only to have them make the spans',
      'and the spans are those of the service',
    ),
    replace(
      /(ofInstrumentations\.test\(name\)) && .*\n *return '.*'/g,
      "$1) return 'the spans are those of the service'",
    ),
  ],
  'src/config/sdk-variables.test.ts': [
    replace('it needs TELEMETRY_INSTRUMENTATION=auto', 'the spans are those of the service'),
    remove(/^.*TELEMETRY_INSTRUMENTATION: 'auto'.*\n/gm),
  ],
  'src/config/variables.ts': [withoutBlock('TELEMETRY_INSTRUMENTATION: oneOf')],
  'src/config/config.ts': [
    withoutBlock("instrumentation: 'lean' | 'auto'"),
    remove(/^ *instrumentation: value\.TELEMETRY_INSTRUMENTATION,\n/gm),
  ],
  'src/probes.ts': [
    remove(/^ *\/\/ In `auto` mode .*\n *const makeSpans = .*\n/gm),
    remove(/^ *makeSpans,\n/gm),
    replace('{ url, makeSpans }', '{ url }'),
  ],
  'src/telemetry/observers/http.ts': [
    remove(/^import \{ traceConnectionsOf \}.*\n/gm),
    replace('instrumentedServerSpans, ownServerSpans', 'ownServerSpans'),
    remove(/^ \*\n \* @param makeSpans .*\n/gm),
    remove(/^ *makeSpans,\n/gm),
    remove(/^ *makeSpans: boolean;\n/gm),
    replace('(makeSpans ? ownServerSpans : instrumentedServerSpans)({', 'ownServerSpans({'),
    remove(/^ *if \(!makeSpans\) .*\n/gm),
    replace(
      /\. First of the listeners, because\n *\/\/ that of the HTTP instrumentation ends the span\./g,
      '.',
    ),
    replace('prependListener', 'on'),
  ],
  'src/telemetry/observers/server-span.ts': [
    withoutBlock('export function instrumentedServerSpans'),
    replace(' Both ways to get one have the same methods, so the caller does not know which it has.', ''),
    replace('Lean mode: starts', 'Starts'),
    replace('failAs, ignoreChanges, startTrace', 'failAs, startTrace'),
  ],
  'src/telemetry/observers/postgres.ts': [
    withoutBlock('const summaries'),
    withoutBlock('export function summaryOfStatement'),
    remove(/^ \*\n \* @param makeSpans .*\n/gm),
    remove('; makeSpans: boolean'),
    remove(/^ *if \(!options\.makeSpans\) \{\n[^]*?\n {6}\}\n/gm),
    replace(
      'started(statement, { inSharedStatement } = { inSharedStatement: false }) {',
      'started(statement) {',
    ),
    replace('parent && (options.makeSpans || inSharedStatement)', 'parent'),
  ],
  'src/telemetry/observers/postgres.test.ts': [
    remove(/^ *makeSpans: true,\n/gm),
    remove(', { inSharedStatement: true }'),
  ],
  'src/telemetry/observers/redis.ts': [
    remove(/^ \* @param makeSpans .*\n/gm),
    remove('; makeSpans: boolean'),
    replace('options.makeSpans ? recordingSpan() : undefined', 'recordingSpan()'),
  ],
  'src/telemetry/tracing/tracing.ts': [withoutBlock('export function ignoreChanges')],
};
