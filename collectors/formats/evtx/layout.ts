/**
 * Where things stand in an EVTX file. Sizes and offsets in bytes, integers little-endian.
 * Sources: [MS-EVEN6] 2.2.12 (BinXML), Windows SDK winevt.h (value types), and the layout measured on real files.
 */

export const FILE_MAGIC = 'ElfFile\0'
export const FILE_HEADER_BYTES = 4096
/** The file header's checksum covers this many of its first bytes. */
export const FILE_HEADER_CHECKED_BYTES = 120
export const CHUNK_MAGIC = 'ElfChnk\0'
export const CHUNK_BYTES = 65536
/** Chunk header, string table and template table; the records follow. */
export const CHUNK_HEADER_BYTES = 512
/** Signature, size, record id, time written, and the size once more at the end. */
export const RECORD_HEADER_BYTES = 24
export const RECORD_MIN_BYTES = 28
export const RECORD_MAGIC = 0x00002a2a

/** BinXML tokens ([MS-EVEN6] 2.2.12.2); bit 0x40 says that more of the same kind, or attributes, follow. */
export const TOKEN = {
  endOfFragment: 0x00,
  openStartElement: 0x01,
  closeStartElement: 0x02,
  closeEmptyElement: 0x03,
  endElement: 0x04,
  value: 0x05,
  attribute: 0x06,
  cdata: 0x07,
  charRef: 0x08,
  entityRef: 0x09,
  piTarget: 0x0a,
  piData: 0x0b,
  templateInstance: 0x0c,
  normalSubstitution: 0x0d,
  optionalSubstitution: 0x0e,
  fragmentHeader: 0x0f,
} as const
export const MORE = 0x40

/** Value types (winevt.h, EVT_VARIANT_TYPE); bit 0x80 makes an array. */
export const VALUE = {
  null: 0x00,
  string: 0x01,
  ansiString: 0x02,
  int8: 0x03,
  uint8: 0x04,
  int16: 0x05,
  uint16: 0x06,
  int32: 0x07,
  uint32: 0x08,
  int64: 0x09,
  uint64: 0x0a,
  float: 0x0b,
  double: 0x0c,
  bool: 0x0d,
  binary: 0x0e,
  guid: 0x0f,
  sizet: 0x10,
  filetime: 0x11,
  systemtime: 0x12,
  sid: 0x13,
  hexInt32: 0x14,
  hexInt64: 0x15,
  evtHandle: 0x20,
  binXml: 0x21,
  evtXml: 0x23,
} as const
export const ARRAY = 0x80
