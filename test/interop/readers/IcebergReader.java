import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.*;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.*;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.InternalRecordWrapper;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.data.parquet.GenericParquetReaders;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.parquet.Parquet;
import org.apache.iceberg.types.*;

/**
 * Reads Iceberg tables with Iceberg's own Java library: questions of iceberg.ts in, one answer a line out, doubles as
 * bits; and holds everything that metadata, manifests and data files say against each other and against the rows.
 */
public class IcebergReader {
  static final ObjectMapper JSON = new ObjectMapper();
  static final OffsetDateTime EPOCH = OffsetDateTime.of(1970, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC);

  public static void main(String[] args) throws Exception {
    for (JsonNode question : JSON.readTree(System.in)) System.out.println(JSON.writeValueAsString(answer(question)));
    System.exit(0);
  }

  static ObjectNode answer(JsonNode question) throws Exception {
    Table table = open(question.get("table"));
    ObjectNode answer = JSON.createObjectNode();
    ObjectNode types = answer.putObject("types");
    for (Types.NestedField field : table.schema().columns()) types.put(field.name(), word(field.type()));
    ArrayNode rows = answer.putArray("rows");
    try (CloseableIterable<Record> records = IcebergGenerics.read(table).build()) {
      for (Record record : records) {
        ObjectNode row = rows.addObject();
        for (Types.NestedField field : table.schema().columns())
          row.set(field.name(), cell(record.getField(field.name())));
      }
    }
    long count = 0;
    try (CloseableIterable<FileScanTask> tasks = table.newScan().planFiles()) {
      for (FileScanTask task : tasks) count += task.file().recordCount();
    }
    answer.put("count", count);
    ArrayNode filtered = answer.putArray("filtered");
    for (JsonNode filter : question.get("filters")) filtered.add(filtered(table, expression(filter)));
    answer.set("problems", JSON.valueToTree(new Validator(table).problems()));
    return answer;
  }

  static Map<String, String> properties(JsonNode s3) {
    Map<String, String> properties = new HashMap<>(Map.of("rest-metrics-reporting-enabled", "false"));
    if (s3 == null) return properties;
    properties.put("io-impl", "org.apache.iceberg.aws.s3.S3FileIO");
    properties.put("s3.endpoint", s3.get("endpoint").asText());
    properties.put("s3.path-style-access", "true");
    properties.put("s3.access-key-id", s3.get("accessKeyId").asText());
    properties.put("s3.secret-access-key", s3.get("secretAccessKey").asText());
    properties.put("client.region", s3.get("region").asText());
    return properties;
  }

  static Table open(JsonNode reference) {
    JsonNode catalog = reference.get("catalog");
    if (catalog == null) {
      Map<String, String> properties = properties(reference.get("s3"));
      String kind = properties.getOrDefault("io-impl", "org.apache.iceberg.hadoop.HadoopFileIO");
      FileIO io = CatalogUtil.loadFileIO(kind, properties, new Configuration());
      String metadata = reference.get("metadata").asText();
      return new BaseTable(new StaticTableOperations(metadata, io), metadata);
    }
    Map<String, String> properties = properties(catalog.get("s3"));
    properties.put("uri", catalog.get("uri").asText());
    if (catalog.has("warehouse")) properties.put("warehouse", catalog.get("warehouse").asText());
    Namespace namespace = Namespace.of(reference.get("namespace").asText());
    return CatalogUtil.loadCatalog("org.apache.iceberg.rest.RESTCatalog", "lake", properties, new Configuration())
        .loadTable(TableIdentifier.of(namespace, reference.get("name").asText()));
  }

  static ObjectNode filtered(Table table, Expression expression) throws Exception {
    TreeSet<String> keys = new TreeSet<>();
    try (CloseableIterable<Record> records =
        IcebergGenerics.read(table).where(expression).select("requestid", "requestrow").build()) {
      for (Record record : records) keys.add(record.getField("requestid") + ":" + record.getField("requestrow"));
    }
    TreeSet<String> files = new TreeSet<>();
    try (CloseableIterable<FileScanTask> tasks =
        table.newScan().filter(expression).includeColumnStats().planFiles()) {
      for (FileScanTask task : tasks) files.add(task.file().location());
    }
    ObjectNode filtered = JSON.createObjectNode();
    filtered.put("keys", String.join(",", keys));
    filtered.put("fileCount", files.size());
    filtered.set("files", JSON.valueToTree(files));
    return filtered;
  }

  static String word(Type type) {
    if (type.isListType()) return "list<" + word(type.asListType().elementType()) + ">";
    return type.toString();
  }

  static JsonNode cell(Object value) {
    if (value instanceof Boolean) return JSON.valueToTree(value);
    if (value instanceof Double)
      return JSON.valueToTree(String.format("%016x", Double.doubleToLongBits((Double) value)));
    if (value instanceof OffsetDateTime)
      return JSON.valueToTree(String.valueOf(ChronoUnit.MICROS.between(EPOCH, (OffsetDateTime) value)));
    if (value instanceof List) {
      ArrayNode list = JSON.createArrayNode();
      for (Object item : (List<?>) value) list.add(cell(item));
      return list;
    }
    return JSON.valueToTree(value == null ? null : String.valueOf(value));
  }

  static Object literal(JsonNode value, String type) {
    switch (type) {
      case "long":
      case "timestamptz":
        return Long.parseLong(value.asText());
      case "int":
        return Integer.parseInt(value.asText());
      case "double":
        return Double.parseDouble(value.asText());
      case "boolean":
        return value.asText().equals("true");
      default:
        return value.asText();
    }
  }

  /** SQL's meaning: a null passes no comparison. The library's is below every value and unequal to all. */
  static Expression expression(JsonNode filter) {
    String name = filter.get("column").asText();
    List<Object> values = new ArrayList<>();
    for (JsonNode value : filter.get("values")) values.add(literal(value, filter.get("type").asText()));
    switch (filter.get("operator").asText()) {
      case "null":
        return Expressions.isNull(name);
      case "not null":
        return Expressions.notNull(name);
      default:
        return Expressions.and(Expressions.notNull(name), comparison(name, filter.get("operator").asText(), values));
    }
  }

  static Expression comparison(String name, String operator, List<Object> values) {
    Object first = values.get(0);
    switch (operator) {
      case "in":
        return Expressions.in(name, values);
      case "between":
        return Expressions.and(
            Expressions.greaterThanOrEqual(name, first), Expressions.lessThanOrEqual(name, values.get(1)));
      case "prefix":
        return Expressions.startsWith(name, (String) first);
      case "=":
        return Expressions.equal(name, first);
      case "<>":
        return Expressions.notEqual(name, first);
      case "<":
        return Expressions.lessThan(name, first);
      case "<=":
        return Expressions.lessThanOrEqual(name, first);
      case ">":
        return Expressions.greaterThan(name, first);
      case ">=":
        return Expressions.greaterThanOrEqual(name, first);
      default:
        throw new IllegalArgumentException(operator);
    }
  }
}

/** What does not agree in a table. */
class Validator {
  private final Table table;
  private final List<String> problems = new ArrayList<>();

  Validator(Table table) {
    this.table = table;
  }

  List<String> problems() throws Exception {
    history();
    Snapshot current = table.currentSnapshot();
    if (current == null) return problems;
    long files = 0, records = 0, bytes = 0;
    Set<String> paths = new HashSet<>();
    for (ManifestFile manifest : current.dataManifests(table.io())) {
      List<DataFile> live = new ArrayList<>();
      try (ManifestReader<DataFile> reader = ManifestFiles.read(manifest, table.io(), table.specs())) {
        for (DataFile file : reader) live.add(file.copy());
      }
      manifest(manifest, live);
      for (DataFile file : live) {
        check(paths.add(file.location()), "the path %s stands twice", file.location());
        dataFile(file);
        files += 1;
        records += file.recordCount();
        bytes += file.fileSizeInBytes();
      }
    }
    total(current, "total-data-files", files);
    total(current, "total-records", records);
    total(current, "total-files-size", bytes);
    return problems;
  }

  private void check(boolean holds, String problem, Object... arguments) {
    if (!holds) problems.add(String.format(problem, arguments));
  }

  private void total(Snapshot snapshot, String key, long counted) {
    String said = snapshot.summary().get(key);
    check(said == null || said.equals(String.valueOf(counted)), "%s is %s, counted %d", key, said, counted);
  }

  /** One line of snapshots, each the child of the one before, sequence numbers and manifest lists in order. */
  private void history() {
    Snapshot before = null;
    for (Snapshot snapshot : table.snapshots()) {
      if (before != null) {
        check(Objects.equals(snapshot.parentId(), before.snapshotId()), "%s: not the child of the one before", snapshot);
        check(snapshot.sequenceNumber() > before.sequenceNumber(), "%s: sequence number", snapshot);
      }
      long added = 0, rows = 0;
      for (ManifestFile manifest : snapshot.allManifests(table.io())) {
        check(manifest.sequenceNumber() <= snapshot.sequenceNumber(), "%s: manifest of the future", snapshot);
        if (manifest.snapshotId() != snapshot.snapshotId()) continue;
        added += manifest.addedFilesCount();
        rows += manifest.addedRowsCount();
      }
      String said = snapshot.summary().getOrDefault("added-data-files", "0");
      check(said.equals(String.valueOf(added)), "%s: added %d files, says %s", snapshot, added, said);
      said = snapshot.summary().getOrDefault("added-records", "0");
      check(said.equals(String.valueOf(rows)), "%s: added %d rows, says %s", snapshot, rows, said);
      before = snapshot;
    }
    check(before == table.currentSnapshot(), "the last snapshot is not the current one");
  }

  private void manifest(ManifestFile manifest, List<DataFile> live) {
    String path = manifest.path();
    check(table.io().newInputFile(path).getLength() == manifest.length(), "%s: length", path);
    int said = manifest.addedFilesCount() + manifest.existingFilesCount();
    check(said == live.size(), "%s: says %d live files, has %d", path, said, live.size());
    long rows = live.stream().mapToLong(ContentFile::recordCount).sum();
    check(manifest.addedRowsCount() + manifest.existingRowsCount() == rows, "%s: rows", path);
    Types.StructType partition = table.specs().get(manifest.partitionSpecId()).partitionType();
    for (DataFile file : live) {
      check(file.dataSequenceNumber() >= manifest.minSequenceNumber(), "%s: minimal sequence number", path);
      check(file.specId() == manifest.partitionSpecId(), "%s: spec of %s", path, file.location());
      for (int i = 0; i < partition.fields().size() && manifest.partitions() != null; i += 1) {
        ManifestFile.PartitionFieldSummary summary = manifest.partitions().get(i);
        Type type = partition.fields().get(i).type();
        Object value = file.partition().get(i, Object.class);
        if (value == null) check(summary.containsNull(), "%s: null partition", path);
        else within(type, value, summary.lowerBound(), summary.upperBound(), path + ": partition summary");
      }
    }
  }

  private void within(Type type, Object value, ByteBuffer lower, ByteBuffer upper, String where) {
    Comparator<Object> order = Comparators.forType(type.asPrimitiveType());
    Object least = lower == null ? null : Conversions.fromByteBuffer(type, lower);
    Object greatest = upper == null ? null : Conversions.fromByteBuffer(type, upper);
    boolean fits = (least == null || order.compare(least, value) <= 0)
        && (greatest == null || order.compare(value, greatest) <= 0);
    check(fits, "%s: %s is outside of %s … %s", where, value, least, greatest);
  }

  private static <T> T at(Map<Integer, T> map, int id) {
    return map == null ? null : map.get(id);
  }

  /** The file as it is against what its manifest says of it. */
  private void dataFile(DataFile file) throws Exception {
    String path = file.location();
    check(table.io().newInputFile(path).getLength() == file.fileSizeInBytes(), "%s: size", path);
    Schema schema = table.schema();
    PartitionSpec spec = table.specs().get(file.specId());
    PartitionKey key = new PartitionKey(spec, schema);
    int id = file.sortOrderId() == null ? 0 : file.sortOrderId();
    SortOrder order = id == 0 ? SortOrder.unsorted() : table.sortOrders().get(id);
    check(order != null, "%s: unknown sort order", path);
    Comparator<StructLike> sorted = order == null || order.isUnsorted() ? null : SortOrderComparators.forSchema(schema, order);
    long rows = 0;
    Map<Integer, long[]> counts = new HashMap<>();
    StructLike before = null;
    try (CloseableIterable<Record> records = Parquet.read(table.io().newInputFile(path))
        .project(schema)
        .createReaderFunc(type -> GenericParquetReaders.buildReader(schema, type))
        .build()) {
      for (Record record : records) {
        InternalRecordWrapper row = new InternalRecordWrapper(schema.asStruct()).wrap(record);
        rows += 1;
        key.partition(row);
        for (int i = 0; i < spec.fields().size(); i += 1)
          check(Objects.equals(key.get(i, Object.class), file.partition().get(i, Object.class)), "%s: a row of partition %s", path, key);
        if (sorted != null && before != null) check(sorted.compare(before, row) <= 0, "%s: row %d is out of order", path, rows);
        before = row;
        count(file, schema, row, counts);
      }
    }
    check(rows == file.recordCount(), "%s: %d rows, says %d", path, rows, file.recordCount());
    for (Map.Entry<Integer, long[]> entry : counts.entrySet()) said(file, schema, entry.getKey(), entry.getValue(), rows);
  }

  /** Nulls and NaNs of the columns of one value a row, and their values against the bounds. */
  private void count(DataFile file, Schema schema, StructLike row, Map<Integer, long[]> counts) {
    for (int i = 0; i < schema.columns().size(); i += 1) {
      Types.NestedField field = schema.columns().get(i);
      if (!field.type().isPrimitiveType()) continue;
      long[] found = counts.computeIfAbsent(field.fieldId(), id -> new long[2]);
      Object value = row.get(i, Object.class);
      if (value == null) found[0] += 1;
      else if (value instanceof Double && ((Double) value).isNaN()) found[1] += 1;
      else
        within(field.type(), value, at(file.lowerBounds(), field.fieldId()), at(file.upperBounds(), field.fieldId()),
            file.location() + ": " + field.name());
    }
  }

  private void said(DataFile file, Schema schema, int id, long[] found, long rows) {
    String where = file.location() + ": " + schema.findColumnName(id);
    Long values = at(file.valueCounts(), id), nulls = at(file.nullValueCounts(), id), nans = at(file.nanValueCounts(), id);
    check(values == null || values == rows, "%s: %s values of %d", where, values, rows);
    check(nulls == null || nulls == found[0], "%s: says %s nulls, has %d", where, nulls, found[0]);
    check(nans == null || nans == found[1], "%s: says %s NaNs, has %d", where, nans, found[1]);
  }
}
