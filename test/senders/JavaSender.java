import static io.opentelemetry.api.common.AttributeKey.booleanArrayKey;
import static io.opentelemetry.api.common.AttributeKey.doubleArrayKey;
import static io.opentelemetry.api.common.AttributeKey.longArrayKey;
import static io.opentelemetry.api.common.AttributeKey.stringArrayKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;
import static io.opentelemetry.api.common.AttributeKey.valueKey;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.Value;
import io.opentelemetry.api.logs.Severity;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.exporter.otlp.http.logs.OtlpHttpLogRecordExporter;
import io.opentelemetry.exporter.otlp.http.metrics.OtlpHttpMetricExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.logs.SdkLoggerProvider;
import io.opentelemetry.sdk.logs.export.BatchLogRecordProcessor;
import io.opentelemetry.sdk.metrics.Aggregation;
import io.opentelemetry.sdk.metrics.InstrumentSelector;
import io.opentelemetry.sdk.metrics.SdkMeterProvider;
import io.opentelemetry.sdk.metrics.View;
import io.opentelemetry.sdk.metrics.export.PeriodicMetricReader;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Sends one trace, one log line and metrics of each kind with the OpenTelemetry SDK for Java, then prints the trace's id. */
class JavaSender {
  public static void main(String[] args) {
    String endpoint = args[0];
    String compression = args[2];
    Resource resource = Resource.getDefault().merge(Resource.create(Attributes.of(stringKey("service.name"), args[1])));

    var spans = OtlpHttpSpanExporter.builder().setEndpoint(endpoint + "/v1/traces").setCompression(compression).build();
    var tracing =
        SdkTracerProvider.builder()
            .setResource(resource)
            .addSpanProcessor(BatchSpanProcessor.builder(spans).build())
            .build();
    var tracer = tracing.get("sender", "1.0");
    var outer = tracer.spanBuilder("outer").setSpanKind(SpanKind.SERVER).startSpan();
    var inner = tracer.spanBuilder("inner").setParent(Context.root().with(outer)).startSpan();
    inner.setAttribute("text", "grüße 茶 \uD83D\uDE00 \"\\\n\u0000");
    inner.setAttribute("empty", "");
    inner.setAttribute("yes", true);
    inner.setAttribute("large", 9007199254740993L);
    inner.setAttribute("least", Long.MIN_VALUE);
    inner.setAttribute("real", 0.25);
    inner.setAttribute("tiny", Double.MIN_VALUE);
    inner.setAttribute(stringArrayKey("list"), List.of("a", "b"));
    inner.setAttribute(longArrayKey("numbers"), List.of(1L, 2L));
    inner.setAttribute(doubleArrayKey("reals"), List.of(0.5, -1e300));
    inner.setAttribute(booleanArrayKey("flags"), List.of(true, false));
    inner.setAttribute(stringArrayKey("none"), List.of());
    inner.setAttribute(valueKey("nested"), nested());
    inner.addEvent("happened", Attributes.of(stringKey("n"), "1"));
    inner.setStatus(StatusCode.ERROR, "broken");
    inner.end();
    outer.end();
    tracing.close();

    var records = OtlpHttpLogRecordExporter.builder().setEndpoint(endpoint + "/v1/logs").setCompression(compression).build();
    var logging =
        SdkLoggerProvider.builder()
            .setResource(resource)
            .addLogRecordProcessor(BatchLogRecordProcessor.builder(records).build())
            .build();
    logging
        .get("sender")
        .logRecordBuilder()
        .setContext(Context.root().with(outer))
        .setSeverity(Severity.WARN)
        .setSeverityText("WARN")
        .setBody(Value.of(Map.of("said", Value.of(args[1]))))
        .setAttribute(valueKey("nested"), nested())
        .emit();
    logging.close();

    var metrics = OtlpHttpMetricExporter.builder().setEndpoint(endpoint + "/v1/metrics").setCompression(compression).build();
    var metering =
        SdkMeterProvider.builder()
            .setResource(resource)
            .registerMetricReader(PeriodicMetricReader.create(metrics))
            .registerView(
                InstrumentSelector.builder().setName("exponential").build(),
                View.builder().setAggregation(Aggregation.base2ExponentialBucketHistogram()).build())
            .build();
    var meter = metering.get("sender");
    meter.counterBuilder("counter").build().add(3, Attributes.of(stringKey("a"), "b"));
    meter.upDownCounterBuilder("updown").build().add(-2);
    meter.histogramBuilder("histogram").build().record(7);
    meter.histogramBuilder("exponential").build().record(7);
    meter.gaugeBuilder("gauge").build().set(0.5);
    metering.close();

    System.out.println(outer.getSpanContext().getTraceId());
  }

  private static Value<?> nested() {
    return Value.of(
        Map.of(
            "inner",
            Value.of(
                Value.of("茶"),
                Value.of(true),
                Value.of(9007199254740993L),
                Value.of(0.25),
                Value.of("bytes".getBytes(StandardCharsets.UTF_8)),
                Value.of(new byte[0]),
                Value.of(Map.of()),
                Value.of(Map.of("deep", Value.of(1L))))));
  }
}
