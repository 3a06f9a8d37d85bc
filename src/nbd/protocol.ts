/** Numbers of the NBD project's doc/proto.md that both sides know. */

/** The server's first word (Fixed newstyle negotiation). */
export const GREETING = 0x4e42_444d_4147_4943n;
/** What follows it, and what begins each option. */
export const OPTION_MAGIC = 0x4948_4156_454f_5054n;
export const OPTION_REPLY_MAGIC = 0x0003_e889_0455_65a9n;

/** Flags of the handshake, which client and server number alike. */
export const FIXED_NEWSTYLE = 1;
export const NO_ZEROES = 2;
/** After the answer to EXPORT_NAME, unless both sides agree on NO_ZEROES. */
export const ZEROES_BYTES = 124;

/** Option types. */
export const OPTION = {
  EXPORT_NAME: 1,
  ABORT: 2,
  LIST: 3,
  INFO: 6,
  GO: 7,
  STRUCTURED_REPLY: 8,
  LIST_META_CONTEXT: 9,
  SET_META_CONTEXT: 10,
} as const;

/** Option reply types. */
export const REPLY = {
  ACK: 1,
  SERVER: 2,
  INFO: 3,
  META_CONTEXT: 4,
  UNSUPPORTED: 0x8000_0001,
  POLICY: 0x8000_0002,
  INVALID: 0x8000_0003,
  TLS_REQUIRED: 0x8000_0005,
  UNKNOWN_EXPORT: 0x8000_0006,
} as const;

/** What INFO and GO tell (NBD_INFO_*). */
export const INFO = { EXPORT: 0, BLOCK_SIZE: 3 } as const;

/** The metadata context that tells where an export holds data. */
export const ALLOCATION = 'base:allocation';
/** Its flags of a run. */
export const STATE_HOLE = 1;
export const STATE_ZERO = 2;

/** Request types. */
export const COMMAND = {
  READ: 0,
  WRITE: 1,
  DISCONNECT: 2,
  TRIM: 4,
  WRITE_ZEROES: 6,
  BLOCK_STATUS: 7,
} as const;
export const REQUEST_MAGIC = 0x2560_9513;
export const REQUEST_BYTES = 28;

export const SIMPLE_MAGIC = 0x6744_6698;
export const STRUCTURED_MAGIC = 0x668e_33ef;

/** Structured reply types, and the flag of a reply's last chunk. */
export const CHUNK = { NONE: 0, OFFSET_DATA: 1, OFFSET_HOLE: 2, BLOCK_STATUS: 5, ERROR: 0x8001 } as const;
export const CHUNK_DONE = 1;

/** Error values. */
export const ERRNO = {
  EPERM: 1,
  EIO: 5,
  ENOMEM: 12,
  EINVAL: 22,
  EOVERFLOW: 75,
  ENOTSUP: 95,
  ESHUTDOWN: 108,
} as const;

/** The longest text either side may send (Conventions). */
export const MAX_TEXT_BYTES = 4096;
