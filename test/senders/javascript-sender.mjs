// Sends one trace with the OpenTelemetry SDK for JavaScript of any major version, then prints the trace's id.
import { createRequire } from 'node:module';
import path from 'node:path';

const [folder, endpoint, service, format] = process.argv.slice(2);
const load = createRequire(path.join(folder, 'package.json'));
const { trace, context, SpanKind, SpanStatusCode } = load('@opentelemetry/api');
const { BasicTracerProvider, BatchSpanProcessor } = load('@opentelemetry/sdk-trace-base');
const resources = load('@opentelemetry/resources');
const { OTLPTraceExporter } = load(`@opentelemetry/exporter-trace-otlp-${format}`);

const attributes = { 'service.name': service };
const resource = resources.resourceFromAttributes?.(attributes) ?? new resources.Resource(attributes);
const processor = new BatchSpanProcessor(
  new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, compression: 'gzip' }),
);
const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
const tracer = provider.getTracer('sender', '1.0');
const outer = tracer.startSpan('outer', { kind: SpanKind.SERVER });
const inner = tracer.startSpan('inner', {}, trace.setSpan(context.active(), outer));
inner.setAttributes({ text: 'grüße 茶', yes: true, real: 0.25, list: ['a', 'b'], numbers: [1, 2] });
inner.addEvent('happened', { n: 1 });
inner.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
inner.end();
outer.end();
await provider.shutdown();
process.stdout.write(`${outer.spanContext().traceId}\n`);
