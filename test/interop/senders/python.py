"""Sends telemetry with OpenTelemetry's Python SDK and says, one JSON line per export, what it handed to the exporter.

Usage: python.py <endpoint> json|protobuf gzip|none [logs|traces|metrics]...
Lines: {"signal": "logs" | "traces" | "metrics", "request": ...}, in OTLP/JSON's shape with doubles as strings.
"""

import importlib
import json
import math
import sys

from opentelemetry import trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider, LogRecordLimits
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import (
    AlwaysOnExemplarFilter,
    Counter,
    Histogram,
    MeterProvider,
    ObservableCounter,
    UpDownCounter,
)
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from python_requests import logs_request, metrics_request, traces_request

endpoint, encoding, compression, *signals = sys.argv[1:]
package = "opentelemetry.exporter.otlp." + ("json.http" if encoding == "json" else "proto.http")


def exporter_of(module, name, path, **options):
    http = importlib.import_module(
        "opentelemetry.exporter.otlp.common.http" if encoding == "json" else "opentelemetry.exporter.otlp.proto.http"
    )
    exporter = getattr(importlib.import_module(f"{package}.{module}"), name)
    return exporter(endpoint=f"{endpoint}/v1/{path}", compression=http.Compression(compression), **options)


# --- Exporters that say what they were given.


def tell(signal, request, result, success):
    print(json.dumps({"signal": signal, "request": request}), flush=True)
    if result is not success:
        sys.exit(f"{signal}: {result}")
    return result


class TellingLogs(LogRecordExporter):
    def __init__(self, exporter):
        self.exporter = exporter

    def export(self, batch):
        return tell("logs", logs_request(batch), self.exporter.export(batch), LogRecordExportResult.SUCCESS)

    def force_flush(self, timeout_millis=10_000):
        return True

    def shutdown(self):
        self.exporter.shutdown()


class TellingSpans(SpanExporter):
    def __init__(self, exporter):
        self.exporter = exporter

    def export(self, spans):
        return tell("traces", traces_request(spans), self.exporter.export(spans), SpanExportResult.SUCCESS)

    def shutdown(self):
        self.exporter.shutdown()


class TellingMetrics(MetricExporter):
    def __init__(self, exporter, **preferences):
        super().__init__(**preferences)
        self.exporter = exporter

    def export(self, metrics_data, timeout_millis=10_000, **kwargs):
        result = self.exporter.export(metrics_data, timeout_millis, **kwargs)
        return tell("metrics", metrics_request(metrics_data), result, MetricExportResult.SUCCESS)

    def force_flush(self, timeout_millis=10_000):
        return True

    def shutdown(self, timeout_millis=30_000, **kwargs):
        self.exporter.shutdown(timeout_millis, **kwargs)


# --- What is sent: every field the SDK can fill.

EVERY = {
    "string": 'grüße 日本語 🚀 "quoted" \\ \x00 \u2028 </script>',
    "empty": "",
    "bool": True,
    "int": -42,
    "most": 2**63 - 1,
    "least": -(2**63),
    "odd": 2**53 + 1,
    "double": 0.1,
    "whole": 3.0,
    "negative zero": -0.0,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "nan": math.nan,
    "infinity": math.inf,
    "strings": ["a", "", "ß"],
    "ints": [1, 2**60, 3],
    "doubles": [1.5, -2.5, math.nan],
    "bools": [True, False],
    "none": [],
}
NESTED = {"bytes": b"\x00\x01\xfe\xff", "map": {"inner": {"deep": [1, "two", 3.0]}, "bytesValue": "no bytes"}, **EVERY}

ABOUT = Resource(
    {"service.name": "python sdk/é", "service.namespace": "shop", "service.instance.id": "py-1", **EVERY},
    "https://opentelemetry.io/schemas/1.37.0",
)
BASE = 1_790_000_000_123_456_789
HOUR = 3_600_000_000_000
REMOTE = SpanContext(
    0x0AF7651916CD43DD8448EB211C80319C,
    0xB7AD6B7169203331,
    is_remote=True,
    trace_flags=TraceFlags(TraceFlags.SAMPLED),
    trace_state=TraceState([("vendor", "opaque"), ("other", "1")]),
)
IN_REMOTE = trace.set_span_in_context(NonRecordingSpan(REMOTE))


def send_logs():
    exporter = TellingLogs(exporter_of("_log_exporter", "OTLPLogExporter", "logs"))
    provider = LoggerProvider(
        resource=ABOUT, shutdown_on_exit=False, log_record_limits=LogRecordLimits(max_attributes=30)
    )
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("py.logger", "1.2.3", "https://example.com/logs/1", {"lane": "fast", "width": 3})
    bodies = ["plain", "", 2**53 + 1, 2.5, 4.0, False, b"\x01\x02\x03", ["x", 1], NESTED, None]
    for i, body in enumerate(bodies):
        logger.emit(
            timestamp=BASE + i * HOUR // 2,
            observed_timestamp=BASE + i * HOUR // 2 + 1,
            severity_number=SeverityNumber(1 + i * 2),
            severity_text=f"LEVEL{i}",
            event_name=f"event.{i}" if i % 2 else None,
            body=body,
            attributes=NESTED if i == 0 else {"i": i},
            context=IN_REMOTE if i == 1 else None,
        )
    logger.emit(body="no time of its own, too many attributes", attributes={f"key{i}": i for i in range(40)})
    provider.get_logger("py.second").emit(timestamp=BASE, body="another scope")
    provider.force_flush()
    provider.shutdown()


def send_traces():
    exporter = TellingSpans(exporter_of("trace_exporter", "OTLPSpanExporter", "traces"))
    limits = SpanLimits(max_events=3, max_links=2, max_span_attributes=30)
    provider = TracerProvider(resource=ABOUT, shutdown_on_exit=False, span_limits=limits)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("py.tracer", "4.5.6", "https://example.com/traces/1", {"lane": "slow"})
    for i, kind in enumerate(SpanKind):
        start = BASE + i * HOUR
        one = tracer.start_span(
            f"span {i}",
            context=None if i == 3 else IN_REMOTE,
            kind=kind,
            attributes=EVERY if i == 0 else {"kind": i},
            links=[Link(REMOTE, EVERY), Link(SpanContext(1, 2, is_remote=False)), Link(REMOTE, {"third": i})][: i + 1],
            start_time=start,
        )
        for n in range(i + 1):
            one.add_event(f"event {n}", {**EVERY, "n": n}, timestamp=start + n)
        if i == 1:
            one.set_status(Status(StatusCode.OK))
        if i == 2:
            one.set_status(Status(StatusCode.ERROR, "boom: ünicode"))
        one.end(start if i == 4 else start + 7_999_999_999)
    provider.force_flush()
    provider.shutdown()


def send_metrics(temporality):
    preferences = {
        "preferred_temporality": dict.fromkeys((Counter, Histogram, ObservableCounter, UpDownCounter), temporality)
    }
    exporter = exporter_of("metric_exporter", "OTLPMetricExporter", "metrics", **preferences)
    reader = PeriodicExportingMetricReader(TellingMetrics(exporter, **preferences), export_interval_millis=math.inf)
    view = View(
        instrument_name="py.exponential", aggregation=ExponentialBucketHistogramAggregation(max_size=20), attribute_keys={"route"}
    )
    narrow = View(instrument_name="py.counter", attribute_keys={"kept"})
    provider = MeterProvider([reader], ABOUT, AlwaysOnExemplarFilter(), shutdown_on_exit=False, views=[view, narrow])
    meter = provider.get_meter("py.meter", "7.8.9", "https://example.com/metrics/1", {"lane": "metered"})
    counter = meter.create_counter("py.counter", "{thing}", "whole numbers")
    counter.add(2**53 + 1, {"kept": True, "filtered": "yes"}, IN_REMOTE)
    meter.create_counter("py.every").add(2.0, EVERY)
    meter.create_up_down_counter("py.updown", "By", "Größe").add(-1.5)
    gauge = meter.create_gauge("py.gauge", "m")
    for value in (0.1, -0.0, math.nan, -math.inf, 7, -(2**63)):
        gauge.set(value, {"v": str(value)})
    explicit = meter.create_histogram("py.histogram", "ms", explicit_bucket_boundaries_advisory=[0, 1.5, 10, 1e9])
    exponential = meter.create_histogram("py.exponential", "s")
    negative = meter.create_histogram("py.negative", explicit_bucket_boundaries_advisory=[])
    for value in (0, 0.5, 1.5, 3, 250, 1e10):
        explicit.record(value, {"route": "/a"}, IN_REMOTE)
        exponential.record(value, {"route": "/b", "filtered": value}, IN_REMOTE)
        negative.record(value)
    provider.force_flush()
    counter.add(4, {"kept": True, "filtered": "again"})
    provider.force_flush()
    provider.shutdown()


for name in signals or ("logs", "traces", "metrics"):
    if name == "metrics":
        send_metrics(AggregationTemporality.CUMULATIVE)
        send_metrics(AggregationTemporality.DELTA)
    else:
        {"logs": send_logs, "traces": send_traces}[name]()
