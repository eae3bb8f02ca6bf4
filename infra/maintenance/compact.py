#!/usr/bin/env python3
"""Merges small data files in tables of the file catalog, whether the program runs or not.

    pip install 'pyiceberg[pyarrow,s3fs]'
    infra/maintenance/compact.py data                          # or s3://bucket/prefix
    infra/maintenance/compact.py data --delete-after-days 3

Files of one partition whose rows are all older than --days become files of about --target-mb, sorted as the table says.
Each merge is a snapshot of its own; rows are neither added nor lost. A request that is sent again is recognised for as
long as the program keeps that snapshot (OTLP2PARQUET_SNAPSHOT_MAX_AGE_HOURS): let --days be more than senders wait.

The merged files stay where they are, for the snapshots before. --delete-after-days removes data files that no snapshot
has any more and that are at least so old. The rows of one merge are in memory at once, some ten times --target-mb.
"""

import argparse
import random
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from file_catalog import FileCatalog
from pyiceberg.conversions import from_bytes
from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files
from pyiceberg.table.sorting import SortDirection
from pyiceberg.types import TimestamptzType

# Of a program that commits all the time somebody else may be faster; the files are written only once.
ATTEMPTS = 30


def main():
    arguments = read_arguments()
    catalog = FileCatalog(arguments.root)
    tables = catalog.list_tables(arguments.namespace)
    if not tables:
        raise SystemExit(f"no tables in {arguments.root}/{arguments.namespace}")
    for identifier in tables:
        table = catalog.load_table(identifier)
        before = datetime.now(UTC) - timedelta(days=arguments.days)
        for tasks in merges(table, before, arguments.target_mb * 2**20):
            merge(table, tasks)
        if arguments.delete_after_days is not None:
            delete_forgotten(table, catalog.storage, arguments.delete_after_days)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", help="OTLP2PARQUET_STORAGE_PATH, or s3://bucket/prefix")
    parser.add_argument("--namespace", default="otel")
    parser.add_argument("--days", type=float, default=2, help="merge only files whose rows are all older")
    parser.add_argument("--target-mb", type=int, default=64, help="how large a file may become, about")
    parser.add_argument("--delete-after-days", type=float, help="remove unused data files that are older")
    return parser.parse_args()


def merges(table, before, target):
    """Lists of the files to merge, two at least each. Files of an older partition spec stay."""
    micros = int(before.timestamp() * 1_000_000)
    time_id = table.schema().find_field("timestamp").field_id
    by_partition = defaultdict(list)
    for task in table.scan().plan_files():
        newest = (task.file.upper_bounds or {}).get(time_id)
        is_old = newest is not None and from_bytes(TimestamptzType(), newest) < micros
        if is_old and task.file.spec_id == table.spec().spec_id and not task.delete_files:
            by_partition[str(task.file.partition)].append(task)
    for tasks in by_partition.values():
        yield from (bin for bin in bins(tasks, target) if len(bin) > 1)


def bins(tasks, target):
    """By time, so that merged files of a partition hardly overlap; what is large already stays."""
    bin, size = [], 0
    for task in sorted(tasks, key=lambda task: task.file.file_path.rsplit("/", 1)[-1]):
        if task.file.file_size_in_bytes > target // 2:
            continue
        if size + task.file.file_size_in_bytes > target:
            yield bin
            bin, size = [], 0
        bin.append(task)
        size += task.file.file_size_in_bytes
    yield bin


def merge(table, tasks):
    rows = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue()).to_table(tasks)
    files = list(_dataframe_to_data_files(table.metadata, sorted_rows(rows, table), table.io))
    for attempt in range(ATTEMPTS):
        try:
            with table.transaction() as transaction, transaction.update_snapshot().overwrite() as snapshot:
                for task in tasks:
                    snapshot.delete_data_file(task.file)
                for file in files:
                    snapshot.append_data_file(file)
            return print(f"{'.'.join(table.name())}: {len(tasks)} files with {rows.num_rows} rows became {len(files)}")
        except (CommitFailedException, ValidationException):
            time.sleep(random.uniform(0, min(0.05 * 2**attempt, 5)))
            table.refresh()
    raise SystemExit(f"{'.'.join(table.name())}: others were faster {ATTEMPTS} times; nothing of this merge was kept")


def sorted_rows(rows, table):
    """As the table's sort order says; where it does not, as they come."""
    keys = [
        (table.schema().find_column_name(field.source_id), "ascending" if field.direction == SortDirection.ASC else "descending")
        for field in table.sort_order().fields
    ]
    return rows.sort_by(keys) if keys else rows


def delete_forgotten(table, storage, days):
    """Removes data files of which no snapshot says that they are in the table."""
    table.refresh()
    manifests = {
        manifest.manifest_path: manifest
        for snapshot in table.snapshots()
        for manifest in snapshot.manifests(table.io)
    }
    used = {
        name(entry.data_file.file_path)
        for manifest in manifests.values()
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    }
    before = time.time() - days * 86_400
    old = [path for path, modified in storage.data_files(table.location()) if modified < before]
    forgotten = [path for path in old if name(path) not in used]
    for path in forgotten:
        storage.delete(path)
    print(f"{'.'.join(table.name())}: removed {len(forgotten)} data files that no snapshot has")


def name(path):
    """Names hold a UUID; what stands before them is spelled in several ways."""
    return path.rsplit("/", 1)[-1]


if __name__ == "__main__":
    main()
