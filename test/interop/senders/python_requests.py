"""What the objects of OpenTelemetry's Python SDK say, as OTLP/JSON requests with doubles as strings.

`logs_request`, `traces_request` and `metrics_request` take what an exporter is given.
"""

import base64
import math
from collections.abc import Mapping, Sequence

from opentelemetry.sdk.metrics.export import ExponentialHistogram, Gauge, Sum


def double(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(float(value))


def any_value(value):
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case str():
            return {"stringValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": double(value)}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case Mapping():
            return {"kvlistValue": {"values": attributes(value)}}
        case Sequence():
            return {"arrayValue": {"values": [any_value(v) for v in value]}}
    raise TypeError(type(value))


def attributes(mapping):
    return [{"key": key, "value": any_value(value)} for key, value in (mapping or {}).items()]


def resource(r):
    return {"resource": {"attributes": attributes(r.attributes)}, "schemaUrl": r.schema_url}


def scope(s):
    return {"name": s.name, "version": s.version, "attributes": attributes(s.attributes)}


def grouped(items, scopes, records, convert):
    """Puts items under their resource and scope, in the order of first sight."""
    groups = {}
    for item in items:
        groups.setdefault(item.resource, {}).setdefault(item.instrumentation_scope, []).append(convert(item))
    return [
        resource(r) | {scopes: [{"scope": scope(s), "schemaUrl": s.schema_url, records: v} for s, v in group.items()]}
        for r, group in groups.items()
    ]


def trace_id(number):
    return format(number, "032x") if number else ""


def span_id(number):
    return format(number, "016x") if number else ""


def log_record(item):
    log = item.log_record
    return {
        "timeUnixNano": str(log.timestamp or 0),
        "observedTimeUnixNano": str(log.observed_timestamp),
        "severityNumber": log.severity_number.value if log.severity_number else 0,
        "severityText": log.severity_text,
        "body": any_value(log.body),
        "eventName": log.event_name,
        "attributes": attributes(log.attributes),
        "droppedAttributesCount": item.dropped_attributes,
        "flags": int(log.trace_flags),
        "traceId": trace_id(log.trace_id),
        "spanId": span_id(log.span_id),
    }


def flags(context):
    """Bit 8 says that bit 9 is meant: whether the other span is of another process. The exporter leaves out the rest."""
    return 0x100 | (0x200 if context is not None and context.is_remote else 0)


def span(s):
    context = s.get_span_context()
    return {
        "traceId": trace_id(context.trace_id),
        "spanId": span_id(context.span_id),
        "traceState": ",".join(f"{k}={v}" for k, v in context.trace_state.items()),
        "parentSpanId": span_id(s.parent.span_id) if s.parent else "",
        "flags": flags(s.parent),
        "name": s.name,
        "kind": s.kind.value + 1,
        "startTimeUnixNano": str(s.start_time),
        "endTimeUnixNano": str(s.end_time),
        "attributes": attributes(s.attributes),
        "droppedAttributesCount": s.dropped_attributes,
        "droppedEventsCount": s.dropped_events,
        "droppedLinksCount": s.dropped_links,
        "status": {"code": s.status.status_code.value, "message": s.status.description},
        "events": [
            {
                "timeUnixNano": str(event.timestamp),
                "name": event.name,
                "attributes": attributes(event.attributes),
                "droppedAttributesCount": event.dropped_attributes,
            }
            for event in s.events
        ],
        # The exporter leaves out a link's trace state.
        "links": [
            {
                "traceId": trace_id(link.context.trace_id),
                "spanId": span_id(link.context.span_id),
                "attributes": attributes(link.attributes),
                "droppedAttributesCount": link.dropped_attributes,
                "flags": flags(link.context),
            }
            for link in s.links
        ],
    }


def exemplar(e):
    return {
        "timeUnixNano": str(e.time_unix_nano),
        "traceId": trace_id(e.trace_id),
        "spanId": span_id(e.span_id),
        "filteredAttributes": attributes(e.filtered_attributes),
    } | number(e.value)


def number(value):
    return {"asInt": str(value)} if isinstance(value, int) else {"asDouble": double(value)}


def buckets(b):
    """The exporter leaves out an empty side."""
    return {"offset": b.offset, "bucketCounts": [str(n) for n in b.bucket_counts]} if b.bucket_counts else None


def point(data, p):
    common = {
        "attributes": attributes(p.attributes),
        "timeUnixNano": str(p.time_unix_nano),
        # The exporter leaves out a gauge's start.
        "startTimeUnixNano": "0" if isinstance(data, Gauge) else str(p.start_time_unix_nano),
        "exemplars": [exemplar(e) for e in p.exemplars],
    }
    if isinstance(data, Gauge | Sum):
        return common | number(p.value)
    common |= {"count": str(p.count), "sum": double(p.sum), "min": double(p.min), "max": double(p.max)}
    if isinstance(data, ExponentialHistogram):
        return common | {
            "scale": p.scale,
            "zeroCount": str(p.zero_count),
            "positive": buckets(p.positive),
            "negative": buckets(p.negative),
            "flags": p.flags,
        }
    return common | {
        "bucketCounts": [str(n) for n in p.bucket_counts],
        "explicitBounds": [double(b) for b in p.explicit_bounds],
    }


def metric(m):
    kind = type(m.data).__name__
    return {
        "name": m.name,
        "description": m.description,
        "unit": m.unit,
        kind[0].lower() + kind[1:]: {
            "aggregationTemporality": int(getattr(m.data, "aggregation_temporality", 0)),
            "isMonotonic": getattr(m.data, "is_monotonic", False),
            "dataPoints": [point(m.data, p) for p in m.data.data_points],
        },
    }


def metrics_request(data):
    return {
        "resourceMetrics": [
            resource(r.resource)
            | {
                "scopeMetrics": [
                    {"scope": scope(s.scope), "schemaUrl": s.scope.schema_url, "metrics": [metric(m) for m in s.metrics]}
                    for s in r.scope_metrics
                ]
            }
            for r in data.resource_metrics
        ]
    }


def logs_request(batch):
    return {"resourceLogs": grouped(batch, "scopeLogs", "logRecords", log_record)}


def traces_request(spans):
    return {"resourceSpans": grouped(spans, "scopeSpans", "spans", span)}
