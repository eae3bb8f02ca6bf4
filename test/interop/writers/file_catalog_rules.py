"""Puts infra/maintenance/file_catalog.py to the proof: a rule's name, a root and properties in, what came of it out.

The rules are those of file-catalog-python.test.ts.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from file_catalog import FileCatalog
from pyiceberg.exceptions import CommitFailedException, TableAlreadyExistsError

SCHEMA = pa.schema([("row", pa.int64())])
WRITERS = 6


def append(table, row):
    table.append(pa.table({"row": [row]}, schema=SCHEMA))


def rows(catalog, name):
    return sorted(catalog.load_table(name).scan().to_arrow()["row"].to_pylist())


def at_once(deed):
    with ThreadPoolExecutor(WRITERS) as writers:
        return list(writers.map(deed, range(WRITERS)))


def makers(connect):
    """How many of those who make a table at once do, and how many are told that it is there."""

    def make(_):
        try:
            connect().create_table("rules.made", SCHEMA)
            return True
        except TableAlreadyExistsError:
            return False

    return at_once(make).count(True)


def changers(connect):
    """The properties of a table that each of those who change it at once gives one."""
    connect().create_table("rules.changed", SCHEMA)

    def change(i):
        while True:
            try:
                with connect().load_table("rules.changed").transaction() as transaction:
                    return transaction.set_properties({f"of {i}": "set"})
            except CommitFailedException:
                pass

    at_once(change)
    table = connect().load_table("rules.changed")
    return [table.metadata_location.rsplit("/", 1)[-1], sorted(table.properties)]


def sleeper(connect):
    """The rows of a table, and its hint, when one writes to it whose look is so old that the version after it is removed."""
    catalog = connect()
    asleep = catalog.create_table("rules.old", SCHEMA)
    for row in range(3):
        append(catalog.load_table("rules.old"), row)
    place = asleep.location().removeprefix("file://")
    for version in (1, 2, 3):
        catalog.storage.delete(f"{place}/metadata/v{version}.metadata.json")
    append(asleep, 3)
    return [rows(catalog, "rules.old"), catalog.storage.read("rules/old/metadata/version-hint.text").decode()]


def lost_hint(connect):
    """The rows of a table whose hint is gone, and then ahead."""
    catalog = connect()
    append(catalog.create_table("rules.hint", SCHEMA), 0)
    place = catalog.load_table("rules.hint").location().removeprefix("file://")
    catalog.storage.delete(f"{place}/metadata/version-hint.text")
    without = rows(catalog, "rules.hint")
    catalog.storage.write("rules/hint/metadata/version-hint.text", b"7")
    return [without, rows(catalog, "rules.hint")]


RULES = {rule.__name__: rule for rule in (makers, changers, sleeper, lost_hint)}
rule, root, properties = sys.argv[1:]
print(json.dumps(RULES[rule](lambda: FileCatalog(root, **json.loads(properties)))))
