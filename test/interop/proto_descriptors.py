"""Compares the judge's schema with the descriptors inside PyPI's opentelemetry-proto.

    python test/interop/proto_descriptors.py judge.binpb

judge.binpb is a google.protobuf.FileDescriptorSet (test/judge/descriptors.ts gives it).

Every message, field (name, number, type, label, presence, oneof) and enum value is compared, both ways.
Differences are listed and end in exit code 1; those below are known and wanted.
"""
import sys
from importlib import import_module

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet

UPSTREAM = [
    "common.v1.common_pb2",
    "resource.v1.resource_pb2",
    "logs.v1.logs_pb2",
    "trace.v1.trace_pb2",
    "metrics.v1.metrics_pb2",
    "collector.logs.v1.logs_service_pb2",
    "collector.trace.v1.trace_service_pb2",
    "collector.metrics.v1.metrics_service_pb2",
]

# What the judge leaves out: profiles' own fields, file-format wrappers, and enums that name bits of a flags field.
LEFT_OUT = {
    "opentelemetry.proto.common.v1.AnyValue.string_value_strindex",
    "opentelemetry.proto.common.v1.KeyValue.key_strindex",
    "opentelemetry.proto.logs.v1.LogsData",
    "opentelemetry.proto.trace.v1.TracesData",
    "opentelemetry.proto.metrics.v1.MetricsData",
    "opentelemetry.proto.logs.v1.LogRecordFlags",
    "opentelemetry.proto.trace.v1.SpanFlags",
    "opentelemetry.proto.metrics.v1.DataPointFlags",
}


def left_out(name):
    return any(name == known or name.startswith(known + ".") for known in LEFT_OUT)


def fields(prefix, message):
    """Yields (full name, facts) of a message, its fields and everything nested in it."""
    name = f"{prefix}.{message.name}"
    yield name, "message"
    for field in message.field:
        has_oneof = field.HasField("oneof_index") and not field.proto3_optional
        yield f"{name}.{field.name}", " ".join(
            [
                FieldDescriptorProto.Label.Name(field.label)[6:].lower(),
                FieldDescriptorProto.Type.Name(field.type)[5:].lower() + field.type_name,
                f"= {field.number}",
                *(["optional"] if field.proto3_optional else []),
                *([f"oneof {message.oneof_decl[field.oneof_index].name}"] if has_oneof else []),
            ]
        )
    for nested in message.nested_type:
        yield from fields(name, nested)
    for enum in message.enum_type:
        yield from values(name, enum)


def values(prefix, enum):
    name = f"{prefix}.{enum.name}"
    yield name, "enum"
    for value in enum.value:
        yield f"{name}.{value.name}", f"= {value.number}"


def facts(files):
    found = {}
    for file in files:
        for message in file.message_type:
            found.update(fields(file.package, message))
        for enum in file.enum_type:
            found.update(values(file.package, enum))
    return found


def upstream_file(module):
    proto = FileDescriptorProto()
    import_module("opentelemetry.proto." + module).DESCRIPTOR.CopyToProto(proto)
    return proto


def main(path):
    with open(path, "rb") as stream:
        ours = facts(f for f in FileDescriptorSet.FromString(stream.read()).file if f.package != "google.rpc")
    theirs = {k: v for k, v in facts(map(upstream_file, UPSTREAM)).items() if not left_out(k)}
    differences = [
        f"{name}: ours {ours.get(name, 'missing')!r}, opentelemetry-proto {theirs.get(name, 'missing')!r}"
        for name in sorted(ours.keys() | theirs.keys())
        if ours.get(name) != theirs.get(name)
    ]
    print("\n".join(differences) or f"{len(ours)} messages, fields and enum values agree")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
