import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.*;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.*;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.parquet.ParquetUtil;
import org.apache.iceberg.types.*;
import org.apache.iceberg.util.UnicodeUtil;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;

/**
 * What Iceberg's own Java library says of Parquet files and of values.
 *
 * <p>Input: {"files": [path, ...], "values": [[type, text], ...], "texts": [text, ...]}. Output: the metrics of each
 * file by file-metrics.ts, the bytes of each value, the bounds of each text; bytes as hex digits.
 */
public class IcebergMetrics {
  static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    JsonNode input = JSON.readTree(System.in);
    ObjectNode output = JSON.createObjectNode();
    ArrayNode files = output.putArray("files");
    for (JsonNode path : input.get("files")) files.add(metrics(path.asText()));
    ArrayNode values = output.putArray("values");
    for (JsonNode pair : input.get("values")) values.add(bytes(pair.get(0).asText(), pair.get(1).asText()));
    ArrayNode texts = output.putArray("texts");
    for (JsonNode text : input.get("texts")) texts.add(bounds(text.asText()));
    System.out.println(JSON.writeValueAsString(output));
    System.exit(0);
  }

  static ObjectNode metrics(String path) throws Exception {
    InputFile file = Files.localInput(new File(path));
    Metrics metrics = ParquetUtil.fileMetrics(file, MetricsConfig.getDefault());
    ObjectNode node = JSON.createObjectNode();
    node.put("recordCount", metrics.recordCount());
    node.set("columnSizes", JSON.valueToTree(metrics.columnSizes()));
    node.set("valueCounts", JSON.valueToTree(metrics.valueCounts()));
    node.set("nullValueCounts", JSON.valueToTree(metrics.nullValueCounts()));
    node.set("lowerBounds", JSON.valueToTree(hex(metrics.lowerBounds())));
    node.set("upperBounds", JSON.valueToTree(hex(metrics.upperBounds())));
    org.apache.hadoop.fs.Path name = new org.apache.hadoop.fs.Path(path);
    try (ParquetFileReader reader = ParquetFileReader.open(HadoopInputFile.fromPath(name, new Configuration()))) {
      node.set("splitOffsets", JSON.valueToTree(ParquetUtil.getSplitOffsets(reader.getFooter())));
    }
    return node;
  }

  static Map<Integer, String> hex(Map<Integer, ByteBuffer> buffers) {
    Map<Integer, String> texts = new TreeMap<>();
    buffers.forEach((id, buffer) -> texts.put(id, hex(buffer)));
    return texts;
  }

  static String hex(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  static String bytes(String typeName, String text) {
    Type type = Types.fromPrimitiveString(typeName);
    return hex(Conversions.toByteBuffer(type, value(type, text)));
  }

  static Object value(Type type, String text) {
    switch (type.typeId()) {
      case DATE:
        return Integer.parseInt(text);
      case TIME:
      case TIMESTAMP:
        return Long.parseLong(text);
      case FIXED:
      case BINARY:
        return ByteBuffer.wrap(HexFormat.of().parseHex(text));
      case DECIMAL:
        return new BigDecimal(new BigInteger(text), ((Types.DecimalType) type).scale());
      default:
        return Conversions.fromPartitionString(type, text);
    }
  }

  static ArrayNode bounds(String text) {
    ArrayNode bounds = JSON.createArrayNode();
    String upper = UnicodeUtil.truncateStringMax(text, 16);
    bounds.add(hex(Conversions.toByteBuffer(Types.StringType.get(), UnicodeUtil.truncateStringMin(text, 16))));
    bounds.add(upper == null ? null : hex(Conversions.toByteBuffer(Types.StringType.get(), upper)));
    return bounds;
  }
}
