"""Makes Iceberg tables as other people have them, with PyIceberg: tables of foreign.ts in, nothing out.

Each ends up under its location as a table of files has it: v1.metadata.json and version-hint.text.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import parse_transform
from pyiceberg_schemas import schema_of


def spec_of(fields, schema):
    return PartitionSpec(
        *(
            PartitionField(schema.find_field(f["column"]).field_id, 1000 + i, parse_transform(f["transform"]), f["name"])
            for i, f in enumerate(fields)
        )
    )


def order_of(fields, schema):
    return SortOrder(
        *(
            SortField(
                schema.find_field(f["column"]).field_id,
                parse_transform(f["transform"]),
                SortDirection(f["direction"]),
                NullOrder(f["nulls"]),
            )
            for f in fields
        )
    )


def append(table, row):
    """One row of their own; what it does not name is null."""
    schema = table.schema().as_arrow()
    columns = [pa.array([row.get(field.name)], pa.string()).cast(field.type) for field in schema]
    table.append(pa.table(columns, schema=schema))


def change(table, deed):
    match deed["deed"]:
        case "drop":
            with table.update_schema() as update:
                update.delete_column(deed["column"])
        case "rename":
            with table.update_schema() as update:
                update.rename_column(deed["column"], deed["to"])
        case "repartition":
            with table.update_spec() as update:
                update.add_field(deed["column"], parse_transform(deed["transform"]), deed["name"])
        case "append":
            append(table, deed["row"])
        case other:
            raise ValueError(f"no deed {other}")


with tempfile.TemporaryDirectory() as folder:
    catalog = SqlCatalog("theirs", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
    catalog.create_namespace("theirs")
    for i, made in enumerate(json.load(sys.stdin)):
        schema = schema_of(made["columns"])
        table = catalog.create_table(
            ("theirs", f"t{i}"),
            schema,
            location=f"file://{made['folder']}",
            partition_spec=spec_of(made.get("partition", []), schema),
            sort_order=order_of(made.get("sort", []), schema),
            properties={"format-version": str(made.get("version", 2)), **made.get("properties", {})},
        )
        for deed in made.get("deeds", []):
            change(table, deed)
            table = catalog.load_table(("theirs", f"t{i}"))
        metadata = Path(made["folder"]) / "metadata"
        shutil.copy(table.metadata_location.removeprefix("file://"), metadata / "v1.metadata.json")
        (metadata / "version-hint.text").write_text("1")
