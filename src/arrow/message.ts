/** Arrow's encapsulated messages (Arrow columnar format, "Encapsulated message format"). */

import { Buffer as BufferRegion } from 'apache-arrow/fb/buffer'
import { DictionaryBatch } from 'apache-arrow/fb/dictionary-batch'
import { FieldNode } from 'apache-arrow/fb/field-node'
import { Message } from 'apache-arrow/fb/message'
import { MessageHeader } from 'apache-arrow/fb/message-header'
import { MetadataVersion } from 'apache-arrow/fb/metadata-version'
import { RecordBatch } from 'apache-arrow/fb/record-batch'
import { Builder } from 'flatbuffers'
import type { Body } from './body.ts'

/** The end of a stream: a continuation marker and the length 0. */
export const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)

/**
 * A message without its body: the marker, the length of the metadata and the metadata, padded so
 * that the body begins on 8 bytes. `header` builds the message's own part.
 */
export const message = (
  type: MessageHeader,
  bodyLength: number,
  header: (builder: Builder) => number,
): Uint8Array => {
  const builder = new Builder(1024)
  const offset = header(builder)
  Message.startMessage(builder)
  Message.addVersion(builder, MetadataVersion.V5)
  Message.addHeaderType(builder, type)
  Message.addHeader(builder, offset)
  Message.addBodyLength(builder, BigInt(bodyLength))
  Message.finishMessageBuffer(builder, Message.endMessage(builder))
  const metadata = builder.asUint8Array()
  const size = (metadata.length + 7) & ~7
  const bytes = new Uint8Array(8 + size)
  new DataView(bytes.buffer).setUint32(0, 0xffffffff)
  new DataView(bytes.buffer).setInt32(4, size, true)
  bytes.set(metadata, 8)
  return bytes
}

/** The message of a record batch: its vectors' lengths and null counts, and where their buffers lie. */
export const recordBatchMessage = (body: Body, numRows: number): Uint8Array =>
  message(MessageHeader.RecordBatch, body.length, (builder) => recordBatch(builder, body, numRows))

/** The message of a dictionary that columns refer to by `id`. */
export const dictionaryMessage = (id: number, body: Body, entries: number): Uint8Array =>
  message(MessageHeader.DictionaryBatch, body.length, (builder) => {
    const data = recordBatch(builder, body, entries)
    DictionaryBatch.startDictionaryBatch(builder)
    DictionaryBatch.addId(builder, BigInt(id))
    DictionaryBatch.addData(builder, data)
    return DictionaryBatch.endDictionaryBatch(builder)
  })

/** Flatbuffers are built from their end: the last element of a vector goes first. */
const recordBatch = (builder: Builder, { nodes, regions }: Body, numRows: number): number => {
  RecordBatch.startNodesVector(builder, nodes.length)
  for (const { length, nullCount } of nodes.toReversed()) {
    FieldNode.createFieldNode(builder, BigInt(length), BigInt(nullCount))
  }
  const nodesVector = builder.endVector()
  RecordBatch.startBuffersVector(builder, regions.length)
  for (const { offset, length } of regions.toReversed()) {
    BufferRegion.createBuffer(builder, BigInt(offset), BigInt(length))
  }
  const buffersVector = builder.endVector()
  RecordBatch.startRecordBatch(builder)
  RecordBatch.addLength(builder, BigInt(numRows))
  RecordBatch.addNodes(builder, nodesVector)
  RecordBatch.addBuffers(builder, buffersVector)
  return RecordBatch.endRecordBatch(builder)
}
