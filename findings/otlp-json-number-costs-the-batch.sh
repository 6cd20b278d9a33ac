#!/usr/bin/env bash
# @opentelemetry/otlp-transformer 0.300.0 with the Collector's decoder (pdata 1.63.0): one attribute of 2^63 or more, or one NaN,
# makes the Collector refuse the whole batch in OTLP/JSON.
#
# Surprise: a bad value is expected to cost its attribute, and OTLP/JSON to carry what OTLP/protobuf carries. In JSON, every
# integer becomes an `intValue`, however large (protobuf sends a double then), and NaN becomes `null`, where the JSON mapping of
# protobuf has the text "NaN". The decoder gives up at either.
# Consequence: with the json exporter, a size in bytes that overflowed or a mean of nothing loses the spans of all requests in the
# same batch, and 400 is not retried.
# What helps: http/protobuf; with JSON, attributes that are neither NaN nor beyond 2^53, checked before they are set.
set -euo pipefail
for program in node npm go; do
  command -v "$program" > /dev/null || { echo "missing: $program (Node 20 or later; Go 1.25 or later)" >&2; exit 2; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --loglevel=error --no-audit --no-fund --ignore-scripts --prefix . @opentelemetry/api@1.10.0 \
  @opentelemetry/sdk-trace@3.0.0 @opentelemetry/otlp-transformer@0.300.0 > /dev/null
cat > probe.mjs <<'JS'
import { writeFileSync } from 'node:fs';
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

for (const [name, value] of [['small', 42], ['large', 2 ** 63], ['nan', NaN]]) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer('probe');
  tracer.startSpan('first').end();
  tracer.startSpan('second').setAttribute('value', value).end();
  tracer.startSpan('third').end();
  await provider.forceFlush();
  const spans = exporter.getFinishedSpans();
  writeFileSync(`${name}.json`, JsonTraceSerializer.serializeRequest(spans));
  writeFileSync(`${name}.protobuf`, ProtobufTraceSerializer.serializeRequest(spans));
}
JS
node probe.mjs
cat > go.mod <<'GO'
module probe

go 1.25

require go.opentelemetry.io/collector/pdata v1.63.0
GO
cat > main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

func main() {
	for _, file := range os.Args[1:] {
		bytes, err := os.ReadFile(file)
		if err != nil {
			panic(err)
		}
		decode := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces
		if filepath.Ext(file) == ".json" {
			decode = (&ptrace.JSONUnmarshaler{}).UnmarshalTraces
		}
		if traces, err := decode(bytes); err != nil {
			fmt.Printf("%s: the batch is refused\n", file)
		} else {
			fmt.Printf("%s: %d spans\n", file, traces.SpanCount())
		}
	}
}
GO
stated='small.json: 3 spans
small.protobuf: 3 spans
large.json: the batch is refused
large.protobuf: 3 spans
nan.json: the batch is refused
nan.protobuf: 3 spans'
seen=$(GOFLAGS=-mod=mod go run . small.json small.protobuf large.json large.protobuf nan.json nan.protobuf 2> go.log) || { cat go.log >&2; exit 1; }
echo "$seen"
[ "$seen" = "$stated" ] || { printf 'CHANGED. This was seen before:\n%s\n' "$stated" >&2; exit 1; }
