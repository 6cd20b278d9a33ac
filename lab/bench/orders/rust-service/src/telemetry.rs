//! A JSON log line, metrics and a span for each request, and spans and a metric for each call that it makes.

use std::error::Error;
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Instrument, Span, debug_span, field, info_span};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};
use uuid::Uuid;

use crate::config::Config;

/// Share of the traces that are sampled, unless the caller has decided.
const SAMPLED: f64 = 0.1;

/// Upper bounds of the histograms' buckets, in seconds.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

pub struct Telemetry {
    pub metrics: Metrics,
    traces: Option<SdkTracerProvider>,
    /// Flushes the log when it is dropped.
    _log: WorkerGuard,
}

#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// The client's, or a new one.
#[derive(Clone)]
pub struct RequestId(pub String);

pub fn start(config: &Config) -> Result<Telemetry, Box<dyn Error>> {
    let metrics = Metrics(PrometheusBuilder::new().set_buckets(BUCKETS)?.install_recorder()?);

    let (writer, log) = tracing_appender::non_blocking(std::io::stdout());
    let level = if config.log_level == "silent" { "off" } else { config.log_level.as_str() };
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(writer)
        .with_filter(EnvFilter::try_new(level)?);

    let traces = config.traces.then(tracer_provider).transpose()?;
    let spans = traces.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("rust-service"))
            .with_filter(EnvFilter::new("off,rust_service=debug"))
    });
    tracing_subscriber::registry().with(lines).with(spans).try_init()?;
    Ok(Telemetry { metrics, traces, _log: log })
}

/// Exports over OTLP, configured by the standard variables such as `OTEL_EXPORTER_OTLP_ENDPOINT`.
fn tracer_provider() -> Result<SdkTracerProvider, Box<dyn Error>> {
    let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
    Ok(SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(SAMPLED))))
        .with_batch_exporter(exporter)
        .build())
}

impl Telemetry {
    pub fn shut_down(self) {
        if let Some(Err(error)) = self.traces.map(|provider| provider.shutdown()) {
            tracing::warn!(%error, "traces were not exported");
        }
    }
}

impl Metrics {
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Moves the recorded values into the histograms. Without it they would accumulate until the next scrape.
    pub async fn keep_up(self) {
        let mut interval = tokio::time::interval(Duration::from_secs(5));
        loop {
            interval.tick().await;
            self.0.run_upkeep();
        }
    }
}

/// Middleware: the span, the log line and the metrics of a request.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let started_at = Instant::now();
    let request_id = match request.headers().get("x-request-id").and_then(|value| value.to_str().ok()) {
        Some(id) if (1..=64).contains(&id.len()) => id.to_owned(),
        _ => Uuid::now_v7().to_string(),
    };
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let span =
        info_span!("POST /orders", otel.kind = "server", request_id, client_id = field::Empty, order_id = field::Empty);
    metrics::gauge!("http_server_active_requests").increment(1.0);
    let mut response = next.run(request).instrument(span.clone()).await;
    metrics::gauge!("http_server_active_requests").decrement(1.0);

    let elapsed = started_at.elapsed().as_secs_f64();
    let status = response.status();
    metrics::histogram!(
        "http_server_request_duration_seconds",
        "method" => "POST", "route" => "/orders", "status" => status.as_str().to_owned()
    )
    .record(elapsed);
    span.in_scope(|| {
        tracing::info!(
            method = "POST",
            route = "/orders",
            status = status.as_u16(),
            duration_ms = elapsed * 1000.0,
            "request completed"
        );
    });
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Awaits the call in a span of its own, for traces alone, and records its duration.
pub async fn timed<T>(call: &'static str, work: impl Future<Output = T>) -> T {
    let started_at = Instant::now();
    let result = work.instrument(debug_span!("call", otel.name = call, otel.kind = "client")).await;
    metrics::histogram!("call_duration_seconds", "call" => call).record(started_at.elapsed().as_secs_f64());
    result
}

/// The W3C traceparent of the current span, if it is sampled.
pub fn traceparent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let trace = span.span_context();
    trace.is_sampled().then(|| format!("00-{}-{}-01", trace.trace_id(), trace.span_id()))
}
