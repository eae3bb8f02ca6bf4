/** The judge's schema. */
import { create, type DescFile, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { file_common } from './gen/common_pb.ts'
import { file_logs } from './gen/logs_pb.ts'
import { file_logs_service } from './gen/logs_service_pb.ts'
import { file_metrics } from './gen/metrics_pb.ts'
import { file_metrics_service } from './gen/metrics_service_pb.ts'
import { file_resource } from './gen/resource_pb.ts'
import { file_status } from './gen/status_pb.ts'
import { file_trace } from './gen/trace_pb.ts'
import { file_trace_service } from './gen/trace_service_pb.ts'

/** Every file of the judge's schema. */
export const files: readonly DescFile[] = [
  file_common,
  file_resource,
  file_logs,
  file_trace,
  file_metrics,
  file_logs_service,
  file_trace_service,
  file_metrics_service,
  file_status,
]

/** The judge's own description of OTLP, as a `google.protobuf.FileDescriptorSet`. */
export const descriptorSet = (): Uint8Array =>
  toBinary(
    FileDescriptorSetSchema,
    create(FileDescriptorSetSchema, { file: files.map(({ proto }) => proto) }),
  )
