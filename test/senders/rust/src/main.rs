//! Sends one trace, one log line and metrics of each kind with the OpenTelemetry SDK for Rust, then prints the trace's id.

use std::collections::HashMap;
use std::error::Error;

use opentelemetry::logs::{AnyValue, LogRecord, Logger, LoggerProvider, Severity};
use opentelemetry::metrics::MeterProvider;
use opentelemetry::trace::{Span, SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Array, Context, KeyValue, StringValue, Value};
use opentelemetry_otlp::{Compression, LogExporter, MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{Aggregation, Instrument, SdkMeterProvider, Stream};
use opentelemetry_sdk::trace::SdkTracerProvider;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let (endpoint, service) = (&args[1], args[2].clone());
    let resource = Resource::builder().with_service_name(service.clone()).build();

    let spans = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_compression(Compression::Gzip)
        .build()?;
    let tracing = SdkTracerProvider::builder()
        .with_resource(resource.clone())
        .with_batch_exporter(spans)
        .build();
    let tracer = tracing.tracer("sender");
    let outer = tracer.span_builder("outer").with_kind(SpanKind::Server).start(&tracer);
    let outer = Context::new().with_span(outer);
    let context = outer.span().span_context().clone();
    let mut inner = tracer.start_with_context("inner", &outer);
    inner.set_attributes([
        KeyValue::new("text", "grüße 茶 😀 \"\\\n\0"),
        KeyValue::new("empty", ""),
        KeyValue::new("yes", true),
        KeyValue::new("large", 9007199254740993_i64),
        KeyValue::new("least", i64::MIN),
        KeyValue::new("real", 0.25),
        KeyValue::new("tiny", 5e-324),
        KeyValue::new("list", Value::Array(Array::String(vec![StringValue::from("a"), "b".into()]))),
        KeyValue::new("numbers", Value::Array(Array::I64(vec![1, 2]))),
        KeyValue::new("reals", Value::Array(Array::F64(vec![0.5, -1e300]))),
        KeyValue::new("flags", Value::Array(Array::Bool(vec![true, false]))),
        KeyValue::new("none", Value::Array(Array::String(vec![]))),
    ]);
    inner.add_event("happened", vec![KeyValue::new("n", "1")]);
    inner.set_status(Status::error("broken"));
    inner.end();
    outer.span().end();
    tracing.shutdown()?;

    let records = LogExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/logs"))
        .with_compression(Compression::Gzip)
        .build()?;
    let logging = SdkLoggerProvider::builder()
        .with_resource(resource.clone())
        .with_batch_exporter(records)
        .build();
    let logger = logging.logger("sender");
    let mut record = logger.create_log_record();
    record.set_severity_number(Severity::Warn);
    record.set_severity_text("WARN");
    record.set_body(map([("said", AnyValue::from(service))]));
    record.add_attribute("nested", nested());
    record.set_trace_context(context.trace_id(), context.span_id(), Some(context.trace_flags()));
    logger.emit(record);
    logging.shutdown()?;

    let metrics = MetricExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/metrics"))
        .with_compression(Compression::Gzip)
        .build()?;
    let exponential = |instrument: &Instrument| {
        let aggregation = Aggregation::Base2ExponentialHistogram { max_size: 160, max_scale: 20, record_min_max: true };
        (instrument.name() == "exponential")
            .then(|| Stream::builder().with_aggregation(aggregation).build().ok())
            .flatten()
    };
    let metering = SdkMeterProvider::builder()
        .with_resource(resource)
        .with_periodic_exporter(metrics)
        .with_view(exponential)
        .build();
    let meter = metering.meter("sender");
    meter.u64_counter("counter").build().add(3, &[KeyValue::new("a", "b")]);
    meter.i64_up_down_counter("updown").build().add(-2, &[]);
    meter.u64_histogram("histogram").build().record(7, &[]);
    meter.u64_histogram("exponential").build().record(7, &[]);
    meter.f64_gauge("gauge").build().record(0.5, &[]);
    metering.shutdown()?;

    println!("{}", context.trace_id());
    Ok(())
}

fn map<const N: usize>(members: [(&'static str, AnyValue); N]) -> AnyValue {
    let members: HashMap<_, _> = members.into_iter().map(|(name, value)| (name.into(), value)).collect();
    AnyValue::Map(Box::new(members))
}

fn list(values: Vec<AnyValue>) -> AnyValue {
    AnyValue::ListAny(Box::new(values))
}

fn nested() -> AnyValue {
    map([(
        "inner",
        list(vec![
            AnyValue::from("茶"),
            AnyValue::Boolean(true),
            AnyValue::Int(9007199254740993),
            AnyValue::Double(0.25),
            AnyValue::Bytes(Box::new(b"bytes".to_vec())),
            AnyValue::Bytes(Box::new(vec![])),
            map([]),
            map([("deep", AnyValue::Int(1))]),
        ]),
    )])
}
