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
--keep-days says: let it be more than senders wait. Not for Amazon S3 Tables and R2, which do all this themselves.
"""

import argparse
from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

RETRIES = {"commit.retry.num-retries": 60, "commit.retry.max-wait-ms": 1000}


def main():
    arguments = read_arguments()
    spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    system = f"{arguments.catalog}.system"
    now = datetime.now(UTC)
    day = (now - timedelta(days=arguments.days)).strftime("%Y-%m-%d")
    keep = (now - timedelta(days=arguments.keep_days)).strftime("%Y-%m-%d %H:%M:%S")
    for row in spark.sql(f"SHOW TABLES IN {arguments.catalog}.{arguments.namespace}").collect():
        table = f"{arguments.namespace}.{row.tableName}"
        allow_retries(spark, f"{arguments.catalog}.{table}")
        merged = spark.sql(
            f"CALL {system}.rewrite_data_files(table => '{table}', strategy => 'sort', "
            f"where => 'timestamp < TIMESTAMP \"{day} 00:00:00\"')"
        ).first()
        spark.sql(f"CALL {system}.rewrite_manifests('{table}')")
        expired = spark.sql(
            f"CALL {system}.expire_snapshots(table => '{table}', older_than => TIMESTAMP '{keep}', retain_last => 100)"
        ).first()
        print(
            f"{table}: {merged.rewritten_data_files_count} files became {merged.added_data_files_count}; "
            f"removed {expired.deleted_data_files_count} data files and {expired.deleted_manifest_lists_count} snapshots"
        )
    spark.stop()


def allow_retries(spark, table):
    rows = spark.sql(f"SHOW TBLPROPERTIES {table}").collect()
    properties = {row.key: row.value for row in rows}
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
