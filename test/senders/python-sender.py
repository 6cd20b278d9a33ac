"""Sends one trace, one log line and one metric of each kind with the OpenTelemetry SDK for Python, then prints the trace's id."""

import sys

from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

endpoint, service, encoding = sys.argv[1:4]
compression = Compression(encoding)
resource = Resource.create({"service.name": service})

tracing = TracerProvider(resource=resource)
tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces", compression=compression)))
tracer = tracing.get_tracer("sender", "1.0")
with tracer.start_as_current_span("outer", kind=trace.SpanKind.SERVER) as outer:
    context = outer.get_span_context()
    with tracer.start_as_current_span("inner") as inner:
        inner.set_attributes(
            {
                "text": "grüße 茶",
                "yes": True,
                "large": 9007199254740993,
                "least": -9223372036854775808,
                "real": 0.25,
                "list": ["a", "b"],
                "numbers": [1, 2],
            }
        )
        inner.add_event("happened", {"n": 1})
        inner.set_status(trace.Status(trace.StatusCode.ERROR, "broken"))
tracing.shutdown()

logging = LoggerProvider(resource=resource)
logging.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{endpoint}/v1/logs", compression=compression)))
logging.get_logger("sender").emit(
    LogRecord(
        timestamp=outer.start_time,
        severity_number=SeverityNumber.WARN,
        severity_text="WARN",
        body={"said": service},
        trace_id=context.trace_id,
        span_id=context.span_id,
        trace_flags=context.trace_flags,
    )
)
logging.shutdown()

reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{endpoint}/v1/metrics", compression=compression))
views = [View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())]
metering = MeterProvider([reader], resource=resource, views=views)
meter = metering.get_meter("sender")
meter.create_counter("counter").add(3, {"a": "b"})
meter.create_up_down_counter("updown").add(-2)
meter.create_histogram("histogram").record(7)
meter.create_histogram("exponential").record(7)
meter.create_gauge("gauge").set(0.5)
metering.shutdown()

print(format(context.trace_id, "032x"))
