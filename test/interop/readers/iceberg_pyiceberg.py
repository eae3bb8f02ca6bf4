"""Reads Iceberg tables with PyIceberg: questions of iceberg.ts in, one answer a line out, doubles as bits."""

import json
import sys

from arrow_rows import types_and_rows
from pyiceberg_tables import expression, open_table


def filtered(table, f):
    scan = table.scan(row_filter=expression(f), selected_fields=("requestid", "requestrow"))
    files = sorted(task.file.file_path for task in scan.plan_files())
    found = scan.to_arrow()
    keys = sorted(f"{i}:{r}" for i, r in zip(found["requestid"].to_pylist(), found["requestrow"].to_pylist()))
    return {"keys": ",".join(keys), "fileCount": len(files), "files": files}


for question in json.load(sys.stdin):
    table = open_table(question["table"])
    types, rows = types_and_rows(table.scan().to_arrow())
    answer = {
        "types": types,
        "rows": rows,
        "count": table.scan().count(),
        "filtered": [filtered(table, f) for f in question["filters"]],
    }
    print(json.dumps(answer))
