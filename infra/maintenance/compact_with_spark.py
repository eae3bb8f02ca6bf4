"""Merges small data files in tables of a REST catalog by Spark, then forgets old snapshots and the files only they had.

    spark-submit --packages org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.11.0 \\
      --conf spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions \\
      --conf spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog \\
      --conf spark.sql.catalog.lake.type=rest --conf spark.sql.catalog.lake.uri=http://127.0.0.1:8181 \\
      infra/maintenance/compact_with_spark.py

The program may run meanwhile: of two commits at once the second looks again. Iceberg gives up after four looks, which is
too soon beside a program that commits several times a second: each table gets commit.retry.num-retries = 60 and
commit.retry.max-wait-ms = 1000, where it has none of its own, and keeps them. Only days that are over for --days are
merged. A request that is sent again is recognised for as long as the snapshot of the merge stands, which is what
--keep-days says: let it be more than senders wait. What fails for one table ends with exit code 1 after the others.

Nessie's tables have gc.enabled=false: nothing is forgotten or deleted there, which is for Nessie's own collector. And there
nobody else may commit to a table meanwhile: Iceberg cannot tell what came in between, and gives up ("Cannot determine
history"), having merged nothing. Not for Amazon S3 Tables and R2, which do all this themselves.
"""

import argparse
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

RETRIES = {"commit.retry.num-retries": 60, "commit.retry.max-wait-ms": 1000}


def main():
    arguments = read_arguments()
    spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    failed = False
    for row in spark.sql(f"SHOW TABLES IN {arguments.catalog}.{arguments.namespace}").collect():
        table = f"{arguments.namespace}.{row.tableName}"
        try:
            print(f"{table}: {maintain(spark, table, arguments)}")
        except Exception as error:  # whatever it is: the other tables have nothing to do with it
            failed = True
            print(f"{table}: FAILED: {error}")
    spark.stop()
    if failed:
        raise SystemExit(1)


def maintain(spark, table, arguments):
    """Does all that is to be done for a table; what was done, in words."""
    system = f"{arguments.catalog}.system"
    now = datetime.now(UTC)
    day = (now - timedelta(days=arguments.days)).strftime("%Y-%m-%d")
    keep = (now - timedelta(days=arguments.keep_days)).strftime("%Y-%m-%d %H:%M:%S")
    properties = properties_of(spark, f"{arguments.catalog}.{table}")
    allow_retries(spark, f"{arguments.catalog}.{table}", properties)
    # First: it drops what manifests say of files that were merged away. Nessie's metadata have no earlier snapshot to tell of
    # them, and a request that is sent again would be taken for a new one.
    spark.sql(f"CALL {system}.rewrite_manifests('{table}')")
    merged = spark.sql(
        f"CALL {system}.rewrite_data_files(table => '{table}', strategy => 'sort', "
        f"where => 'timestamp < TIMESTAMP \"{day} 00:00:00\"')"
    ).first()
    words = f"{merged.rewritten_data_files_count} files became {merged.added_data_files_count}"
    # Iceberg refuses then: what expires may be in use elsewhere, as on one of Nessie's branches.
    if properties.get("gc.enabled", "true").lower() == "false":
        return f"{words}; nothing was removed, since gc.enabled is false"
    expired = spark.sql(
        f"CALL {system}.expire_snapshots(table => '{table}', older_than => TIMESTAMP '{keep}', retain_last => 100)"
    ).first()
    files, snapshots = expired.deleted_data_files_count, expired.deleted_manifest_lists_count
    return f"{words}; removed {files} data files and {snapshots} snapshots"


def properties_of(spark, table):
    return {row.key: row.value for row in spark.sql(f"SHOW TBLPROPERTIES {table}").collect()}


def allow_retries(spark, table, properties):
    wanted = ", ".join(f"'{key}' = '{value}'" for key, value in RETRIES.items() if key not in properties)
    if wanted:
        spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ({wanted})")


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalog", default="lake", help="its name in --conf spark.sql.catalog.…")
    parser.add_argument("--namespace", default="otel")
    parser.add_argument("--days", type=int, default=2, help="merge only days that are over for so long")
    parser.add_argument("--keep-days", type=float, default=5, help="forget snapshots that are older")
    return parser.parse_args()


if __name__ == "__main__":
    main()
