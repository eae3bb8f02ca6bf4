// Makes two tables with Iceberg's Java library, of format version 1 and 2, in v1/ and v2/ below a folder: appends, another
// partition spec, rows deleted, manifests rewritten. Only the metadata are real; nobody reads the data files.
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.DataFiles;
import org.apache.iceberg.FileFormat;
import org.apache.iceberg.FileMetadata;
import org.apache.iceberg.Metrics;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.hadoop.HadoopTables;
import org.apache.iceberg.types.Types;

public class OldIceberg {
  public static void main(String[] args) {
    for (int version : new int[] {1, 2}) make(args[0] + "/v" + version, version);
  }

  static void make(String folder, int version) {
    var schema =
        new Schema(
            Types.NestedField.optional(1, "a", Types.LongType.get()),
            Types.NestedField.optional(2, "at", Types.TimestampType.withZone()));
    var byDay = PartitionSpec.builderFor(schema).day("at").build();
    var properties = Map.of("format-version", String.valueOf(version));
    var table = new HadoopTables(new Configuration()).create(schema, byDay, properties, folder);
    var first = file(table, 1, "at_day=2026-01-01");
    table.newAppend().appendFile(first).commit();
    table.newFastAppend().appendFile(file(table, 2, "at_day=2026-01-02")).commit();
    table.newFastAppend().appendFile(file(table, 3, "at_day=__HIVE_DEFAULT_PARTITION__")).commit();
    table.newDelete().deleteFile(first).commit();
    table.rewriteManifests().clusterBy(file -> "one").commit();
    if (version == 2) {
      var deletes =
          FileMetadata.deleteFileBuilder(table.spec())
              .ofPositionDeletes()
              .withPath(folder + "/data/deletes.parquet")
              .withFormat(FileFormat.PARQUET)
              .withPartitionPath("at_day=2026-01-02")
              .withFileSizeInBytes(100)
              .withRecordCount(1)
              .build();
      table.newRowDelta().addDeletes(deletes).commit();
    }
    table.updateSpec().addField(Expressions.bucket("a", 4)).commit();
    table.newAppend().appendFile(file(table, 4, "at_day=2026-01-01/a_bucket_4=3")).commit();
  }

  static DataFile file(Table table, long number, String partition) {
    var value = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, number);
    var bounds = Map.of(1, value);
    var ones = Map.of(1, 1L, 2, 1L);
    var metrics = new Metrics(1L, ones, ones, Map.of(1, 0L, 2, 0L), Map.of(), bounds, bounds);
    return DataFiles.builder(table.spec())
        .withPath(table.location() + "/data/" + number + ".parquet")
        .withFormat(FileFormat.PARQUET)
        .withPartitionPath(partition)
        .withFileSizeInBytes(1000 + number)
        .withMetrics(metrics)
        .withSortOrder(table.sortOrder())
        .build();
  }
}
