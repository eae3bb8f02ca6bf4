#!/usr/bin/env python3
"""Merges small data files in tables of the file catalog, whether the program runs or not.

    pip install 'pyiceberg[pyarrow,pyiceberg-core,s3fs]==0.12.0'    # what is tried; names are used that another may not have
    infra/maintenance/compact.py data        # or s3://bucket/prefix; AWS_ENDPOINT_URL where it is not Amazon's
    infra/maintenance/compact.py data --delete-after-days 3

Files of one partition whose rows are all older than --days become files of about --target-mb, sorted as the table says.
Each merge is a snapshot of its own; rows are neither added nor lost. A request that is sent again is recognised for as
long as the program keeps that snapshot (OTLP2PARQUET_SNAPSHOT_MAX_AGE_HOURS): let --days be more than senders wait.

A program that commits many times a second is always faster: then this gives up and says so, and has changed nothing.

The merged files stay where they are, for the snapshots before. --delete-after-days removes data files that are at least
so old, that no snapshot has any more, and that no receipt names: what was answered 200 and is not committed yet stays, and
so does what is in quarantine. Younger ones than a day only where nothing writes or sweeps meanwhile (--nothing-runs).

The rows of one merge are in memory at once, some ten times --target-mb.
"""

import argparse
import json
import random
import re
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime, timedelta

from file_catalog import FileCatalog
from pyiceberg.conversions import from_bytes
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files
from pyiceberg.manifest import ManifestEntry, ManifestEntryStatus, write_manifest, write_manifest_list
from pyiceberg.table.snapshots import Operation, Snapshot, Summary
from pyiceberg.table.sorting import SortDirection
from pyiceberg.table.update import AddSnapshotUpdate, AssertRefSnapshotId, AssertTableUUID, SetSnapshotRefUpdate
from pyiceberg.types import TimestamptzType

# Others may be faster; the merged files are written only once.
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
        # Before the tables are looked at: what is paid in between is in the table then; the other way round it is nowhere.
        owed = owed_names(catalog.storage)
        for identifier in tables:
            delete_forgotten(catalog.load_table(identifier), catalog.storage, owed, arguments.delete_after_days)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", help="OTLP2PARQUET_STORAGE_PATH, or s3://bucket/prefix")
    parser.add_argument("--namespace", default="otel")
    parser.add_argument("--days", type=float, default=2, help="merge only files whose rows are all older")
    parser.add_argument("--target-mb", type=int, default=64, help="how large a file may become, about")
    parser.add_argument("--delete-after-days", type=float, help="remove unused data files that are older")
    parser.add_argument("--nothing-runs", action="store_true", help="no program runs: less than a day is enough for that")
    arguments = parser.parse_args()
    if arguments.delete_after_days is not None and arguments.delete_after_days < 1 and not arguments.nothing_runs:
        parser.error("--delete-after-days below 1 may remove what a program is about to commit: stop all, say --nothing-runs")
    return arguments


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
    """Writes the rows anew, then tries to commit until nobody else was faster."""
    rows = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue()).to_table(tasks)
    files = list(_dataframe_to_data_files(table.metadata, sorted_rows(rows, table), table.io))
    replacement = Replacement(table, [task.file for task in tasks], files)
    name = ".".join(table.name())
    for _ in range(ATTEMPTS):
        try:
            replacement.commit()
            return print(f"{name}: {len(tasks)} files with {rows.num_rows} rows became {len(files)}")
        except CommitFailedException:
            time.sleep(random.uniform(0, 0.5))
    raise SystemExit(f"{name}: others were faster {ATTEMPTS} times: nothing of this merge was kept, try at a quieter hour")


class Replacement:
    """Files that take the place of others, in one snapshot.

    What takes long is done once: as long as the table has the manifests that named the old files, new manifests fit.
    """

    def __init__(self, table, old, new):
        self.table, self.old, self.new = table, old, new
        self.snapshot_id = table.metadata.new_snapshot_id()
        self.touched, self.manifest = set(), None
        self.added = self.write_manifest([(ManifestEntryStatus.ADDED, ManifestEntry.from_args(data_file=file)) for file in new])

    def commit(self):
        """Raises CommitFailedException when somebody else was faster."""
        self.table.refresh()
        metadata = self.table.metadata
        parent = metadata.current_snapshot()
        manifests = parent.manifests(self.table.io)
        if not self.touched or not self.touched <= {manifest.manifest_path for manifest in manifests}:
            self.rewrite(manifests)
        kept = [manifest for manifest in manifests if manifest.manifest_path not in self.touched]
        path = f"{metadata.location}/metadata/snap-{self.snapshot_id}-0-{uuid.uuid4()}.avro"
        output, number = self.table.io.new_output(path), metadata.next_sequence_number()
        with write_manifest_list(2, output, self.snapshot_id, parent.snapshot_id, number, "deflate") as writer:
            writer.add_manifests([self.added, self.manifest, *kept])
        snapshot = Snapshot(
            snapshot_id=self.snapshot_id,
            parent_snapshot_id=parent.snapshot_id,
            manifest_list=path,
            sequence_number=number,
            summary=self.summary(parent.summary),
            schema_id=metadata.current_schema_id,
        )
        main = {"ref_name": "main", "type": "branch", "snapshot_id": self.snapshot_id}
        self.table.catalog.commit_table(
            self.table,
            (AssertTableUUID(uuid=metadata.table_uuid), AssertRefSnapshotId(ref="main", snapshot_id=parent.snapshot_id)),
            (AddSnapshotUpdate(snapshot=snapshot), SetSnapshotRefUpdate(**main)),
        )

    def rewrite(self, manifests):
        """Writes what the manifests that name old files say of others, and that the old files are deleted."""
        paths = {file.file_path for file in self.old}
        self.touched, entries, deleted = set(), [], 0
        for manifest in manifests:
            found = manifest.fetch_manifest_entry(self.table.io, discard_deleted=True)
            if manifest.partition_spec_id != self.table.spec().spec_id or paths.isdisjoint(e.data_file.file_path for e in found):
                continue
            self.touched.add(manifest.manifest_path)
            for entry in found:
                is_old = entry.data_file.file_path in paths
                deleted += is_old
                entries.append((ManifestEntryStatus.DELETED if is_old else ManifestEntryStatus.EXISTING, entry))
        if deleted != len(paths):
            raise SystemExit(f"{'.'.join(self.table.name())}: files that were to be merged are no longer there")
        self.manifest = self.write_manifest(entries)

    def write_manifest(self, entries):
        metadata = self.table.metadata
        output = self.table.io.new_output(f"{metadata.location}/metadata/{uuid.uuid4()}-m0.avro")
        with write_manifest(2, metadata.spec(), metadata.schema(), output, self.snapshot_id, "deflate") as writer:
            for status, entry in entries:
                if status == ManifestEntryStatus.ADDED:
                    writer.add(entry)
                elif status == ManifestEntryStatus.DELETED:
                    writer.delete(entry)
                else:
                    writer.existing(entry)
        return writer.to_manifest_file()

    def summary(self, before):
        """Totals only where the snapshot before has them: rows stay, files and bytes change."""
        old_size, new_size = (sum(file.file_size_in_bytes for file in files) for files in (self.old, self.new))
        rows = sum(file.record_count for file in self.new)
        counts = {
            "added-data-files": len(self.new),
            "deleted-data-files": len(self.old),
            "added-records": rows,
            "deleted-records": rows,
            "added-files-size": new_size,
            "removed-files-size": old_size,
        }
        grown = {
            "total-records": 0,
            "total-data-files": len(self.new) - len(self.old),
            "total-files-size": new_size - old_size,
            "total-delete-files": 0,
            "total-position-deletes": 0,
            "total-equality-deletes": 0,
        }
        for name, by in grown.items():
            if before is not None and before[name] is not None:
                counts[name] = int(before[name]) + by
        return Summary(Operation.REPLACE, **{name: str(count) for name, count in counts.items()})


def sorted_rows(rows, table):
    """As the table's sort order says; where it does not, as they come."""
    keys = [
        (table.schema().find_column_name(field.source_id), "ascending" if field.direction == SortDirection.ASC else "descending")
        for field in table.sort_order().fields
    ]
    return rows.sort_by(keys) if keys else rows


def owed_names(storage):
    """Names and UUIDs of the files that receipts name: their rows were acknowledged, and may be in no snapshot yet."""
    names = set()
    # In this order: the program puts a receipt into quarantine before it is owed no more.
    for folder in ("_receipts/owed", "_receipts/quarantine"):
        for key in storage.keys(folder):
            data = storage.read(key)
            # None: it was paid meanwhile, and the table tells.
            if data is not None:
                names |= names_in(key, data)
    return names


def names_in(key, data):
    try:
        receipt = json.loads(data)
        if receipt["format-version"] != 1:
            raise ValueError(f"its format version is {receipt['format-version']}")
        return {part for file in receipt["files"] for part in (file["uuid"], name(file["data-file"]["file_path"]))}
    except (ValueError, KeyError, TypeError) as error:
        raise SystemExit(f"nothing was removed: cannot read the receipt {key}, whose files must stay: {error!r}") from error


def delete_forgotten(table, storage, owed, days):
    """Removes data files of which neither a snapshot nor a receipt says that they are, or are to be, in the table."""
    manifests = {
        manifest.manifest_path: manifest
        for snapshot in table.snapshots()
        for manifest in snapshot.manifests(table.io)
    }
    used = owed | {
        name(entry.data_file.file_path)
        for manifest in manifests.values()
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    }
    before = time.time() - days * 86_400
    old = [path for path, modified in storage.data_files(table.location()) if modified < before]
    forgotten = [path for path in old if used.isdisjoint((name(path), uuid_of(path)))]
    for path in forgotten:
        storage.delete(path)
    print(f"{'.'.join(table.name())}: removed {len(forgotten)} data files that no snapshot has and no receipt names")


def name(path):
    """Names hold a UUID; what stands before them is spelled in several ways."""
    return path.rsplit("/", 1)[-1]


def uuid_of(path):
    """The same for every file that attempts of one request wrote; None where a name holds none."""
    found = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", name(path))
    return found and found[0]


if __name__ == "__main__":
    main()
