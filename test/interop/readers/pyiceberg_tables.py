"""PyIceberg: the table that a reference of iceberg.ts names, and filters.ts's filters as its expressions."""

from datetime import UTC, datetime, timedelta

from pyiceberg import expressions as ex
from pyiceberg.catalog import load_catalog
from pyiceberg.table import StaticTable

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def s3_properties(s3):
    if s3 is None:
        return {}
    return {
        "s3.endpoint": s3["endpoint"],
        "s3.region": s3["region"],
        "s3.access-key-id": s3["accessKeyId"],
        "s3.secret-access-key": s3["secretAccessKey"],
    }


def open_catalog(catalog):
    properties = {"type": "rest", "uri": catalog["uri"], **s3_properties(catalog.get("s3"))}
    if "warehouse" in catalog:
        properties["warehouse"] = catalog["warehouse"]
    return load_catalog("lake", **properties)


def open_table(reference):
    if "catalog" in reference:
        return open_catalog(reference["catalog"]).load_table((reference["namespace"], reference["name"]))
    return StaticTable.from_metadata(reference["metadata"], s3_properties(reference.get("s3")))


def literal(value, type_name):
    match type_name:
        case "long" | "int":
            return int(value)
        case "double":
            return float(value)
        case "boolean":
            return value == "true"
        case "timestamptz":
            return (EPOCH + timedelta(microseconds=int(value))).isoformat(timespec="microseconds")
    return value


COMPARISONS = {
    "=": ex.EqualTo,
    "<>": ex.NotEqualTo,
    "<": ex.LessThan,
    "<=": ex.LessThanOrEqual,
    ">": ex.GreaterThan,
    ">=": ex.GreaterThanOrEqual,
}


def expression(f):
    name = f["column"]
    values = [literal(v, f["type"]) for v in f["values"]]
    match f["operator"]:
        case "null":
            return ex.IsNull(name)
        case "not null":
            return ex.NotNull(name)
        case "in":
            return ex.In(name, values)
        case "between":
            return ex.And(ex.GreaterThanOrEqual(name, values[0]), ex.LessThanOrEqual(name, values[1]))
        case "prefix":
            return ex.StartsWith(name, values[0])
        # In SQL a null is unequal to nothing, in Iceberg to everything.
        case "<>":
            return ex.And(ex.NotNull(name), ex.NotEqualTo(name, values[0]))
        case operator:
            return COMPARISONS[operator](name, values[0])
