"""The file catalog for PyIceberg: tables whose metadata are numbered objects, as otlp2parquet writes them.

    from file_catalog import FileCatalog
    table = FileCatalog("data").load_table("otel.logs")          # or s3://bucket/prefix

A commit puts the next version of the metadata where none is (a hard link on disk, If-None-Match on S3), as the program
itself does: of two that want the same number one has to look again, and neither overwrites the other. For S3 pip
installs botocore with pyiceberg[s3fs]; keys, region and endpoint are those of PyIceberg's properties, as in
FileCatalog("s3://lake", **{"s3.endpoint": "https://…"}), and where they are not given those of AWS's variables and files.
"""

import os
import re
import time
import uuid
from pathlib import Path
from urllib.parse import urlparse

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.io import load_file_io
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadataUtil, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import update_table_metadata

# Seconds between a look at a table and the put that builds on it: so soon no version is removed that was put meanwhile.
LONGEST = 60


class FileCatalog(NoopCatalog):
    """Makes, loads and changes tables. Their names are (namespace, table), or with a dot between the two."""

    def __init__(self, root, **properties):
        self.storage = Bucket(root, properties) if root.startswith("s3://") else Folder(root)
        super().__init__("files", **{**properties, **self.storage.properties})

    def create_namespace(self, namespace, properties={}):
        """Namespaces are there as soon as they have a table."""

    def list_tables(self, namespace):
        """The tables that are there."""
        return [(namespace, name) for name in self.storage.tables(namespace)]

    def create_table(
        self,
        identifier,
        schema,
        location=None,
        partition_spec=UNPARTITIONED_PARTITION_SPEC,
        sort_order=UNSORTED_SORT_ORDER,
        properties={},
    ):
        """A new table. Raises TableAlreadyExistsError where one is, or something is left of one."""
        identifier = self.identifier_to_tuple(identifier)
        place = f"{self.storage.location}/{'/'.join(identifier)}"
        if location not in (None, place):
            raise ValueError(f"in the file catalog this table can be nowhere but at {place}")
        schema = self._convert_schema_if_needed(schema)
        metadata = new_table_metadata(schema, partition_spec, sort_order, place, dict(properties))
        # One that has been there for long has no first version any more.
        if self.storage.versions(metadata_folder(identifier)) or not self._put(identifier, 1, metadata):
            raise TableAlreadyExistsError(f"there are versions of a table in {place}/metadata")
        return self.load_table(identifier)

    def load_table(self, identifier):
        """The table as its highest version has it: versions follow each other without a gap."""
        identifier = self.identifier_to_tuple(identifier)
        version = self._hint(identifier)
        data = self.storage.read(metadata_key(identifier, version))
        if data is None:
            version = max(self.storage.versions(metadata_folder(identifier)), default=None)
            if version is None:
                raise NoSuchTableError(f"there is no table {'.'.join(identifier)}")
            data = self.storage.read(metadata_key(identifier, version))
        while (following := self.storage.read(metadata_key(identifier, version + 1))) is not None:
            version, data = version + 1, following
        metadata = TableMetadataUtil.parse_raw(data)
        location = metadata_location(metadata, version)
        return Table(identifier, metadata, location, load_file_io(self.properties, location), self)

    def commit_table(self, table, requirements, updates):
        """Puts the next version. Raises CommitFailedException when somebody else was faster."""
        began = time.time()
        # As it is now: what came after the one in hand may be removed already, and its number be free again.
        latest = self.load_table(table.name())
        for requirement in requirements:
            requirement.validate(latest.metadata)
        metadata = update_table_metadata(latest.metadata, updates, metadata_location=latest.metadata_location)
        version = int(latest.metadata_location.rsplit("/v", 1)[1].split(".")[0]) + 1
        if time.time() - began > LONGEST:
            raise CommitFailedException(f"it took more than {LONGEST} s to come so far")
        if not self._put(table.name(), version, metadata):
            raise CommitFailedException(f"version {version} is there already")
        return CommitTableResponse(metadata=metadata, metadata_location=metadata_location(metadata, version))

    def _put(self, identifier, version, metadata):
        """Whether the version was put: False when it is there already."""
        if not self.storage.create(metadata_key(identifier, version), metadata.model_dump_json(exclude_none=True).encode()):
            return False
        if self._hint(identifier) <= version:
            self.storage.write(hint_key(identifier), str(version).encode())
        elif self.load_table(identifier).snapshot_by_id(metadata.current_snapshot_id) is None:
            # Others have put many more meanwhile, and removed those that this one would have had to follow.
            raise CommitStateUnknownException(f"version {version} of {'.'.join(identifier)} came too late")
        return True

    def _hint(self, identifier):
        """The version that is said to be the latest; 0 where none is."""
        hint = self.storage.read(hint_key(identifier)) or b""
        return int(hint) if hint.strip().isdigit() else 0


def metadata_folder(identifier):
    return f"{'/'.join(identifier)}/metadata"


def hint_key(identifier):
    return f"{metadata_folder(identifier)}/version-hint.text"


def metadata_key(identifier, version):
    return f"{metadata_folder(identifier)}/v{version}.metadata.json"


def metadata_location(metadata, version):
    return f"{metadata.location}/metadata/v{version}.metadata.json"


def versions_among(names):
    """The numbers of the metadata files among some names."""
    found = (re.fullmatch(r"v(\d+)\.metadata\.json", name) for name in names)
    return [int(match[1]) for match in found if match]


def unless_gone(error):
    """Of a walk: a folder that is not there holds nothing, of any other nobody can tell."""
    if not isinstance(error, FileNotFoundError):
        raise error


class Folder:
    """Files below a folder."""

    properties = {}

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.location = f"file://{self.root}"

    def read(self, key):
        """None when there is no such file."""
        try:
            return (self.root / key).read_bytes()
        except FileNotFoundError:
            return None

    def create(self, key, data):
        """Whether it was put: False when something stands there already."""
        scratch = self._scratch(data)
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(scratch, self.root / key)
        except FileExistsError:
            return False
        finally:
            scratch.unlink()
        return True

    def write(self, key, data):
        self._scratch(data).replace(self.root / key)

    def tables(self, namespace):
        return sorted(path.parent.parent.name for path in self.root.glob(f"{namespace}/*/metadata/version-hint.text"))

    def versions(self, folder):
        return versions_among(path.name for path in (self.root / folder).glob("v*"))

    def keys(self, folder):
        """Of every file below a folder. Raises OSError where a folder cannot be looked into."""
        return [
            f"{Path(place).relative_to(self.root).as_posix()}/{name}"
            for place, _, names in os.walk(self.root / folder, onerror=unless_gone)
            for name in names
        ]

    def data_files(self, location):
        """(path, seconds since 1970) of each Parquet file below a table's location."""
        for path in Path(urlparse(location).path).rglob("*.parquet"):
            yield str(path), path.stat().st_mtime

    def delete(self, path):
        Path(path).unlink()

    def _scratch(self, data):
        # The program's own place for files that are not whole yet; it clears what is left there when it starts.
        (self.root / ".tmp").mkdir(parents=True, exist_ok=True)
        path = self.root / ".tmp" / str(uuid.uuid4())
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return path


class Bucket:
    """Objects below s3://bucket/prefix."""

    def __init__(self, root, properties):
        import botocore.session

        parts = urlparse(root)
        self.bucket, self.prefix = parts.netloc, f"{parts.path.strip('/')}/".lstrip("/")
        self.location = root.rstrip("/")

        def given(name):
            return properties.get(f"s3.{name}", properties.get(f"client.{name}"))

        session = botocore.session.Session(profile=given("profile-name"))
        if given("access-key-id"):
            session.set_credentials(given("access-key-id"), given("secret-access-key"), given("session-token"))
        credentials = session.get_credentials()
        if credentials is None:
            raise ValueError("no keys for S3 are found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile")
        self.client = session.create_client("s3", region_name=given("region"), endpoint_url=given("endpoint"))
        keys = credentials.get_frozen_credentials()
        found = {
            "s3.endpoint": self.client.meta.endpoint_url,
            "s3.region": self.client.meta.region_name,
            "s3.access-key-id": keys.access_key,
            "s3.secret-access-key": keys.secret_key,
            "s3.session-token": keys.token,
        }
        self.properties = {name: value for name, value in found.items() if value}

    def read(self, key):
        """None when there is no such object."""
        try:
            return self.client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None

    def create(self, key, data):
        """Whether it was put: False when something else stands there already."""
        try:
            self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=data, IfNoneMatch="*")
        except self.client.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (409, 412):
                raise
            # A put whose answer was lost and that botocore has sent again.
            return self.read(key) == data
        return True

    def write(self, key, data):
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + key, Body=data)

    def tables(self, namespace):
        keys = [key for key, _ in self._list(f"{self.prefix}{namespace}/")]
        return sorted({key.split("/")[-3] for key in keys if key.endswith("/metadata/version-hint.text")})

    def versions(self, folder):
        return versions_among(key.rsplit("/", 1)[-1] for key, _ in self._list(f"{self.prefix}{folder}/v"))

    def keys(self, folder):
        """Of every object below a folder."""
        return [key.removeprefix(self.prefix) for key, _ in self._list(f"{self.prefix}{folder}/")]

    def data_files(self, location):
        """(path, seconds since 1970) of each Parquet file below a table's location."""
        for key, modified in self._list(f"{urlparse(location).path.strip('/')}/"):
            if key.endswith(".parquet"):
                yield f"s3://{self.bucket}/{key}", modified

    def delete(self, path):
        self.client.delete_object(Bucket=self.bucket, Key=urlparse(path).path.lstrip("/"))

    def _list(self, prefix):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", []):
                yield entry["Key"], entry["LastModified"].timestamp()
