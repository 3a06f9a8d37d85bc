import xxhash from 'xxhash-wasm';
import { createGrainInflater, type GrainInflater } from '../disk-image/index.js';
import { Kernels } from '../kernels/index.js';
import { BLOCK_BYTES } from '../model/units.js';

/** What a thread computes with. Its functions take Buffers from its own `allocate` and no others. */
export interface BlockKernels {
  /** A page-aligned Buffer; never given back. */
  allocate(bytes: number): Buffer;
  readonly inflater: GrainInflater;
  /** Seed 0. */
  xxh64(bytes: Buffer): bigint;
  isZero(bytes: Buffer): boolean;
}

const WASM_PAGE_BYTES = 65_536;

/** The fastest kernels this processor runs, with room for `bytes` bytes of Buffers. */
export async function loadBlockKernels(bytes: number): Promise<BlockKernels> {
  return webAssemblyKernels(bytes) ?? (await ordinaryKernels(bytes));
}

/** Null where the processor lacks what WebAssembly's vector instructions need. */
function webAssemblyKernels(bytes: number): BlockKernels | null {
  try {
    const kernels = Kernels.load({ bytes });
    return {
      allocate: (length) => kernels.allocate(length),
      inflater: withSecondOpinion(kernels),
      xxh64: (block) => kernels.xxh64(block),
      isZero: (block) => kernels.isZero(block),
    };
  } catch (error) {
    if (error instanceof Error && error.name === 'CompileError') return null;
    throw error;
  }
}

/** Before a grain is called corrupt, zlib is asked as well: a disk must never be refused for a fault of ours. */
function withSecondOpinion(kernels: GrainInflater): GrainInflater {
  let zlib: GrainInflater | undefined;
  return {
    inflate: (...grain) => {
      const produced = kernels.inflate(...grain);
      if (produced !== null) return produced;
      zlib ??= createGrainInflater();
      return zlib.inflate(...grain);
    },
  };
}

/**
 * From Node and npm alone. The memory is WebAssembly's because that is page-aligned: direct I/O needs it, and on
 * some processors copies into a misaligned buffer run at a third of the speed.
 */
export async function ordinaryKernels(bytes: number): Promise<BlockKernels> {
  const { h64Raw } = await xxhash();
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
  const zeros = Buffer.alloc(BLOCK_BYTES);
  let free = 0;
  return {
    allocate: (length) => {
      const start = free;
      free = start + Math.ceil(length / 4096) * 4096;
      return Buffer.from(buffer, start, length);
    },
    inflater: createGrainInflater(),
    xxh64: (block) => h64Raw(block),
    isZero: (block) => block.equals(zeros.subarray(0, block.length)),
  };
}
