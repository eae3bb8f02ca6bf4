"""Writes Iceberg tables with PyIceberg: a list of deeds of writers.ts in, nothing out."""

import json
import sys

import pyarrow as pa
from file_catalog import FileCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import DayTransform
from pyiceberg_schemas import schema_of
from pyiceberg_tables import open_catalog, s3_properties


def value(cell, kind):
    if cell is None:
        return None
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return [value(c, kind.value_type) for c in cell]
    if pa.types.is_integer(kind) or pa.types.is_timestamp(kind):
        return int(cell)
    return float(cell) if pa.types.is_floating(kind) else cell


def create(catalog, identifier, deed):
    catalog.create_namespace_if_not_exists(identifier[0])
    schema = schema_of(deed["columns"])
    spec = PartitionSpec()
    if "partition" in deed:
        source = schema.find_field(deed["partition"]).field_id
        spec = PartitionSpec(PartitionField(source, 1000, DayTransform(), f"{deed['partition']}_day"))
    catalog.create_table(identifier, schema, partition_spec=spec, properties={"format-version": "2"})


def append(table, rows):
    schema = table.schema().as_arrow()
    columns = [pa.array([value(r.get(f.name), f.type) for r in rows], f.type) for f in schema]
    table.append(pa.table(columns, schema=schema))


def opened(table):
    """The catalog that has a table, and what it is called there."""
    if "catalog" in table:
        return open_catalog(table["catalog"]), (table["namespace"], table["name"])
    root, namespace, name = table["folder"].rsplit("/", 2)
    return FileCatalog(root, **s3_properties(table.get("s3"))), (namespace, name)


for deed in json.load(sys.stdin):
    catalog, identifier = opened(deed["table"])
    match deed["deed"]:
        case "create":
            create(catalog, identifier, deed)
        case "append":
            append(catalog.load_table(identifier), deed["rows"])
        case "drop column":
            with catalog.load_table(identifier).update_schema() as update:
                update.delete_column(deed["column"])
        case "set property":
            with catalog.load_table(identifier).transaction() as change:
                change.set_properties({deed["property"]: deed["value"]})
        case other:
            raise ValueError(f"PyIceberg does not {other} here")
