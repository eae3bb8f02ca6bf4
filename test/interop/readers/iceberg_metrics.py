"""What PyIceberg says of Parquet files: the metrics that it would put into a manifest.

Input: {"files": [{"path", "schema"}, ...]} with schemas as table metadata spells them.
Output: {"files": [...]} by file-metrics.ts; bytes as hex digits.
"""

import json
import sys

import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.schema import Schema


def bounds(aggregates, side):
    found = {i: getattr(aggregate, side)() for i, aggregate in aggregates.items()}
    return {i: value.hex() for i, value in found.items() if value is not None}


def metrics(path, spelled):
    schema = Schema.model_validate(spelled)
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=pq.read_metadata(path),
        stats_columns=compute_statistics_plan(schema, {}),
        parquet_column_mapping=parquet_path_to_id_mapping(schema),
    )
    return {
        "recordCount": statistics.record_count,
        "columnSizes": statistics.column_sizes,
        "valueCounts": statistics.value_counts,
        "nullValueCounts": statistics.null_value_counts,
        "lowerBounds": bounds(statistics.column_aggregates, "min_as_bytes"),
        "upperBounds": bounds(statistics.column_aggregates, "max_as_bytes"),
        "splitOffsets": statistics.split_offsets,
    }


asked = json.load(sys.stdin)
print(json.dumps({"files": [metrics(file["path"], file["schema"]) for file in asked["files"]]}))
