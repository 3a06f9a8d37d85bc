import type { BlockSink } from './block-sink.js';

/** Reads alone count: every block is looked at and none stored. */
export const nullSink: BlockSink = {
  ranked: false,
  unitsOf: () => 0,
  write: async () => {},
  close: () => {},
};
