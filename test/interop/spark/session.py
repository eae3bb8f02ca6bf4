"""A Spark session that does what it is asked: one JSON line in, one line out after `@@`, until the input ends.

{"ask": "read", "table", "conditions"}: an answer of iceberg.ts, doubles as bits.
{"ask": "write", ...}: a deed of writers.ts, done; {}.
What fails is answered with {"error"}.
"""

import json
import os
import sys
import tempfile
import traceback

from cells import cell
from pyspark.sql import SparkSession

jars = sys.argv[1]
scratch = tempfile.mkdtemp(prefix="interop-spark-")
os.chdir(scratch)
spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.driver.extraClassPath", f"{jars}/*")
    .config("spark.driver.memory", "1g")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1")
    .config("spark.local.dir", scratch)
    .config("spark.ui.enabled", "false")
    .config("spark.sql.shuffle.partitions", "1")
    .config("spark.sql.session.timeZone", "UTC")
    .config("spark.sql.adaptive.enabled", "false")
    # Few rows: compiling a query takes longer than interpreting it.
    .config("spark.sql.codegen.wholeStage", "false")
    .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("OFF")

catalogs = {}


def catalog_name(properties):
    """The name of a Spark catalog with these properties; a catalog is made once."""
    key = json.dumps(properties, sort_keys=True)
    if key not in catalogs:
        name = f"lake{len(catalogs)}"
        spark.conf.set(f"spark.sql.catalog.{name}", "org.apache.iceberg.spark.SparkCatalog")
        for k, v in properties.items():
            spark.conf.set(f"spark.sql.catalog.{name}.{k}", v)
        catalogs[key] = name
    return catalogs[key]


def s3_properties(s3):
    if s3 is None:
        return {}
    return {
        "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "s3.endpoint": s3["endpoint"],
        "s3.path-style-access": "true",
        "s3.access-key-id": s3["accessKeyId"],
        "s3.secret-access-key": s3["secretAccessKey"],
        "client.region": s3["region"],
    }


def table_name(table):
    """How SQL names a table of a catalog, or one in a folder: the hint is then moved as Hadoop's catalog does."""
    properties = {"cache-enabled": "false", "rest-metrics-reporting-enabled": "false"}
    if "catalog" in table:
        catalog = table["catalog"]
        properties |= {"type": "rest", "uri": catalog["uri"], **s3_properties(catalog.get("s3"))}
        if "warehouse" in catalog:
            properties["warehouse"] = catalog["warehouse"]
        return catalog_name(properties), f"`{table['namespace']}`.`{table['name']}`"
    root, namespace, name = table["folder"].rsplit("/", 2)
    return catalog_name(properties | {"type": "hadoop", "warehouse": root}), f"`{namespace}`.`{name}`"


def registered(table):
    """A table that is only a metadata file, in a catalog of this session."""
    kind = "s3" if "s3" in table else "disk"
    properties = {
        "catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        "uri": f"jdbc:sqlite:file:{scratch}/{kind}.db",
        "warehouse": scratch,
        "io-impl": "org.apache.iceberg.hadoop.HadoopFileIO",
        "cache-enabled": "false",
    }
    name = catalog_name(properties | s3_properties(table.get("s3")))
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {name}.found")
    number = spark.sql(f"SHOW TABLES IN {name}.found").count()
    spark.sql(f"CALL {name}.system.register_table('found.t{number}', '{table['metadata']}')")
    return name, f"found.t{number}"


def word(kind):
    if kind.startswith("array<"):
        return f"list<{word(kind[6:-1])}>"
    return {"bigint": "long", "timestamp": "timestamptz"}.get(kind, kind)


def exact(name, kind):
    """SQL for a column as what Python holds exactly: a timestamp as microseconds."""
    if kind == "timestamp":
        return f"unix_micros(`{name}`) AS `{name}`"
    if kind == "array<timestamp>":
        return f"transform(`{name}`, x -> unix_micros(x)) AS `{name}`"
    return f"`{name}`"


def planned_files(frame):
    """What the scans of a query that has run counted; a query of which nothing was left has none."""
    leaves = frame._jdf.queryExecution().executedPlan().collectLeaves()
    counts = [leaves.apply(i).metrics().get("resultDataFiles") for i in range(leaves.size())]
    return sum(count.get().value() for count in counts if count.isDefined())


def filtered(name, condition):
    frame = spark.sql(f"SELECT concat(requestid, ':', requestrow) AS k FROM {name} WHERE {condition}")
    keys = sorted(row.k for row in frame.collect())
    return {"keys": ",".join(keys), "fileCount": planned_files(frame), "files": None}


def problems(name, count):
    """What Spark's metadata tables say that does not fit what it counts."""
    files = spark.sql(f"SELECT file_path, record_count FROM {name}.files").collect()
    manifests = spark.sql(f"SELECT added_data_files_count + existing_data_files_count AS n FROM {name}.manifests").collect()
    snapshots = spark.sql(f"SELECT snapshot_id, parent_id FROM {name}.snapshots ORDER BY committed_at").collect()
    found = []
    if sum(f.record_count for f in files) != count:
        found.append("the files' record counts are not the table's")
    if sum(m.n for m in manifests) != len(files) or len({f.file_path for f in files}) != len(files):
        found.append("the manifests' files are not the table's")
    if any(b.parent_id != a.snapshot_id for a, b in zip(snapshots, snapshots[1:])):
        found.append("the history is not one line")
    return found


def read(request):
    table = request["table"]
    catalog, short = registered(table) if "metadata" in table else table_name(table)
    name = f"{catalog}.{short}"
    columns = spark.table(name).dtypes
    rows = spark.sql(f"SELECT {', '.join(exact(*c) for c in columns)} FROM {name}").collect()
    count = spark.sql(f"SELECT count(*) AS n FROM {name}").collect()[0].n
    return {
        "types": {n: word(k) for n, k in columns},
        "rows": [{n: cell(row[n]) for n, _ in columns} for row in rows],
        "count": count,
        "filtered": [filtered(name, condition) for condition in request["conditions"]],
        "problems": problems(name, count),
    }


def sql_type(kind):
    if kind.startswith("list<"):
        return f"array<{sql_type(kind[5:-1])}>"
    return {"long": "bigint", "timestamptz": "timestamp"}.get(kind, kind)


def sql_value(value, kind):
    """A cell of rows.ts as SQL."""
    if value is None:
        return f"CAST(NULL AS {kind})"
    if kind.startswith("array<"):
        inner = kind[6:-1]
        return f"CAST(array({', '.join(sql_value(v, inner) for v in value)}) AS {kind})"
    if kind == "timestamp":
        return f"timestamp_micros({value})"
    if kind == "boolean":
        return str(value)
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"CAST('{text}' AS {kind})" if kind != "string" else f"'{text}'"


def write(request):
    catalog, short = table_name(request["table"])
    name = f"{catalog}.{short}"
    match request["deed"]:
        case "create":
            spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {catalog}.{short.split('.')[0]}")
            columns = ", ".join(f"`{n}` {sql_type(k)}" for n, k in request["columns"].items())
            by = f"PARTITIONED BY (days(`{request['partition']}`))" if "partition" in request else ""
            spark.sql(f"CREATE TABLE {name} ({columns}) USING iceberg {by} TBLPROPERTIES ('format-version' = '2')")
        case "append":
            columns = spark.table(name).dtypes
            rows = [f"({', '.join(sql_value(r.get(n), k) for n, k in columns)})" for r in request["rows"]]
            spark.sql(f"INSERT INTO {name} VALUES {', '.join(rows)}")
        case "drop column":
            spark.sql(f"ALTER TABLE {name} DROP COLUMN `{request['column']}`")
        case "set property":
            spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('{request['property']}' = '{request['value']}')")
        case "compact":
            options = "map('rewrite-all', 'true')"
            table = short.replace("`", "")
            files = lambda: spark.table(f"{catalog}.{short}.files").where("content = 0").count()
            before = files()
            call = f"CALL {catalog}.system.rewrite_data_files(table => '{table}', options => {options})"
            result = spark.sql(call).collect()[0].asDict()
            spark.catalog.refreshTable(f"{catalog}.{short}")
            return {
                "before": before,
                "after": files(),
                "rewritten": result["rewritten_data_files_count"],
                "added": result["added_data_files_count"],
                "failed": result["failed_data_files_count"],
            }
    return {}


print('@@{"ready": true}', flush=True)
for line in sys.stdin:
    try:
        request = json.loads(line)
        answer = read(request) if request["ask"] == "read" else write(request)
    except Exception:
        answer = {"error": traceback.format_exc()}
    print(f"@@{json.dumps(answer)}", flush=True)
spark.stop()
