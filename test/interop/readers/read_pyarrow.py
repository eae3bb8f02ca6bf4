"""Reads Parquet files with PyArrow and says what it found, one JSON line per file.

Input: {"folder": ..., "files": [...]}. Lines: {"file", "types", "rows"}, in the spelling of rows.ts but doubles as
16 hex digits of their bits.
"""

import json
import sys

import pyarrow.parquet as pq
from arrow_rows import types_and_rows

request = json.load(sys.stdin)
for file in request["files"]:
    types, rows = types_and_rows(pq.ParquetFile(f"{request['folder']}/{file}").read())
    print(json.dumps({"file": file, "types": types, "rows": rows}))
