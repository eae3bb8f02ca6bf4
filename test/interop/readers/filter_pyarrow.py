"""Filters Parquet files with PyArrow twice: by its dataset reader, which skips row groups by their statistics, and
after reading everything.

Input: {"folder", "tables": {name: {"files": [...], "filters": [...]}}} with filters as in filters.ts.
Output: {table: [[with statistics, without], ...]}; a result is the sorted keys of its rows, joined by commas.
"""

import json
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds


def scalar(value, type_name):
    match type_name:
        case "long":
            return pa.scalar(int(value), pa.int64())
        case "int":
            return pa.scalar(int(value), pa.int32())
        case "double":
            return pa.scalar(float(value))
        case "boolean":
            return pa.scalar(value == "true")
        case "timestamptz":
            return pa.scalar(int(value), pa.timestamp("us", tz="UTC"))
    return pa.scalar(value)


def expression(f):
    field = ds.field(f["column"])
    values = [scalar(v, f["type"]) for v in f["values"]]
    match f["operator"]:
        case "null":
            return field.is_null()
        case "not null":
            return field.is_valid()
        case "in":
            return field.isin(pa.array([v.as_py() for v in values], values[0].type))
        case "between":
            return (field >= values[0]) & (field <= values[1])
        case "prefix":
            return pc.starts_with(field, f["values"][0])
        case "=":
            return field == values[0]
        case "<>":
            return field != values[0]
        case "<":
            return field < values[0]
        case "<=":
            return field <= values[0]
        case ">":
            return field > values[0]
        case ">=":
            return field >= values[0]


def keys(table):
    return ",".join(sorted(f"{i}:{r}" for i, r in zip(table["RequestId"].to_pylist(), table["RequestRow"].to_pylist())))


request = json.load(sys.stdin)
results = {}
for name, table in request["tables"].items():
    dataset = ds.dataset([f"{request['folder']}/{file}" for file in table["files"]], format="parquet")
    everything = dataset.to_table()
    results[name] = [
        [keys(dataset.to_table(filter=expression(f))), keys(everything.filter(expression(f)))] for f in table["filters"]
    ]
json.dump(results, sys.stdout)
