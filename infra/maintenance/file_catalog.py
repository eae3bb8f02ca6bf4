"""The file catalog for PyIceberg: tables whose metadata are numbered objects, as otlp2parquet writes them.

    from file_catalog import FileCatalog
    table = FileCatalog("data").load_table(("otel", "logs"))     # or s3://bucket/prefix

A commit puts the next version of the metadata where none is (a hard link on disk, If-None-Match on S3), as the program
itself does: of two that want the same number one has to look again, and neither overwrites the other. For S3 pip
installs botocore with pyiceberg[s3fs]; keys, region and endpoint are those of the AWS_ variables.
"""

import os
import uuid
from pathlib import Path
from urllib.parse import urlparse

from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.io import load_file_io
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadataUtil
from pyiceberg.table.update import update_table_metadata


class FileCatalog(NoopCatalog):
    """Loads and commits; tables are made by the program. Identifiers are tuples: (namespace, table)."""

    def __init__(self, root):
        self.storage = Bucket(root) if root.startswith("s3://") else Folder(root)
        super().__init__("files", **self.storage.properties)

    def list_tables(self, namespace):
        """The tables that the program has made."""
        return [(namespace, name) for name in self.storage.tables(namespace)]

    def load_table(self, identifier):
        """The table as its highest version has it: versions follow each other without a gap."""
        version = int(self.storage.read(hint_key(identifier)))
        data = self.storage.read(metadata_key(identifier, version))
        while (following := self.storage.read(metadata_key(identifier, version + 1))) is not None:
            version, data = version + 1, following
        metadata = TableMetadataUtil.parse_raw(data)
        location = metadata_location(metadata, version)
        return Table(identifier, metadata, location, load_file_io(self.properties, location), self)

    def commit_table(self, table, requirements, updates):
        """Puts the next version. Raises CommitFailedException when somebody else was faster."""
        for requirement in requirements:
            requirement.validate(table.metadata)
        metadata = update_table_metadata(table.metadata, updates, metadata_location=table.metadata_location)
        version = int(table.metadata_location.rsplit("/v", 1)[1].split(".")[0]) + 1
        identifier = table.name()
        if not self.storage.create(metadata_key(identifier, version), metadata.model_dump_json(exclude_none=True).encode()):
            raise CommitFailedException(f"version {version} is there already")
        self.storage.write(hint_key(identifier), str(version).encode())
        return CommitTableResponse(metadata=metadata, metadata_location=metadata_location(metadata, version))


def hint_key(identifier):
    return f"{'/'.join(identifier)}/metadata/version-hint.text"


def metadata_key(identifier, version):
    return f"{'/'.join(identifier)}/metadata/v{version}.metadata.json"


def metadata_location(metadata, version):
    return f"{metadata.location}/metadata/v{version}.metadata.json"


class Folder:
    """Files below a folder."""

    properties = {}

    def __init__(self, root):
        self.root = Path(root).resolve()

    def read(self, key):
        """None when there is no such file."""
        path = self.root / key
        return path.read_bytes() if path.exists() else None

    def create(self, key, data):
        """Whether it was put: False when something stands there already."""
        scratch = self._scratch(data)
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

    def data_files(self, location):
        """(path, seconds since 1970) of each Parquet file below a table's location."""
        for path in Path(urlparse(location).path).rglob("*.parquet"):
            yield str(path), path.stat().st_mtime

    def delete(self, path):
        Path(path).unlink()

    def _scratch(self, data):
        # The program's own place for files that are not whole yet; it clears what is left there when it starts.
        (self.root / ".tmp").mkdir(exist_ok=True)
        path = self.root / ".tmp" / str(uuid.uuid4())
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return path


class Bucket:
    """Objects below s3://bucket/prefix."""

    def __init__(self, root):
        import botocore.session

        parts = urlparse(root)
        self.bucket, self.prefix = parts.netloc, f"{parts.path.strip('/')}/".lstrip("/")
        session = botocore.session.get_session()
        self.client = session.create_client("s3")
        keys = session.get_credentials().get_frozen_credentials()
        self.properties = {
            "s3.endpoint": self.client.meta.endpoint_url,
            "s3.region": self.client.meta.region_name,
            "s3.access-key-id": keys.access_key,
            "s3.secret-access-key": keys.secret_key,
            **({"s3.session-token": keys.token} if keys.token else {}),
        }

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
