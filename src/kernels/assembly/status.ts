/** Outcomes of the inflating functions; negative ones end the stream. */
export const DONE: i32 = 0;
/** The fast loop came too close to an end of its buffers: the careful loop goes on. */
export const NEAR_END: i32 = 1;
export const TRUNCATED: i32 = -1;
export const BAD_HEADER: i32 = -2;
export const BAD_BLOCK: i32 = -3;
export const BAD_CODE_LENGTHS: i32 = -4;
export const BAD_SYMBOL: i32 = -5;
export const TOO_FAR_BACK: i32 = -6;
export const TOO_LONG: i32 = -7;
export const BAD_CHECKSUM: i32 = -8;
