import { existsSync, readFileSync } from 'node:fs';

/** What kernels.wasm exports; addresses and lengths in bytes. See `assembly/index.ts`. */
interface KernelExports {
  readonly inflateZlib: (source: number, length: number, target: number, capacity: number) => number;
  readonly xxh64: (start: number, length: number) => bigint;
  readonly isZero: (start: number, length: number) => number;
}

const WASM_PAGE_BYTES = 65_536;
/** The module's tables fill its first pages: `initialMemory` of `assembly/asconfig.json`. */
const TABLE_PAGES = 2;
const DEFAULT_ALIGNMENT = 4096;

/**
 * Inflating, hashing and zero checks in WebAssembly. They work on memory of their own, so data is read into
 * Buffers from `allocate` and never copied. One instance per thread; calls must not overlap.
 */
export class Kernels {
  readonly #memory: WebAssembly.Memory;
  readonly #exports: KernelExports;
  #free = TABLE_PAGES * WASM_PAGE_BYTES;

  private constructor(memory: WebAssembly.Memory, exports: KernelExports) {
    this.#memory = memory;
    this.#exports = exports;
  }

  /**
   * Compiles the module with room for `bytes` bytes of Buffers, rounded up to whole 64 KiB. The memory never
   * grows: growing would detach every Buffer handed out.
   */
  static load({ bytes }: { readonly bytes: number }): Kernels {
    const pages = TABLE_PAGES + Math.ceil(bytes / WASM_PAGE_BYTES);
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const module = new WebAssembly.Module(readFileSync(moduleFile()));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    return new Kernels(memory, exports as KernelExports);
  }

  /**
   * A Buffer of zeros in the module's memory, starting at a multiple of `alignment` bytes (a power of two).
   * Throws RangeError when what `load` reserved does not suffice; nothing is ever given back.
   */
  allocate(bytes: number, alignment = DEFAULT_ALIGNMENT): Buffer {
    const start = Math.ceil(this.#free / alignment) * alignment;
    const { buffer } = this.#memory;
    if (start + bytes > buffer.byteLength) {
      throw new RangeError(`${bytes} bytes asked of the kernels' memory, ${buffer.byteLength - start} left`);
    }
    this.#free = start + bytes;
    return Buffer.from(buffer, start, bytes);
  }

  /** Whether a Buffer lies in the module's memory. */
  owns(buffer: Buffer): boolean {
    return buffer.buffer === this.#memory.buffer;
  }

  /**
   * Inflates the zlib stream (RFC 1950) in `length` bytes of `source` at `from` into `target` at `start`,
   * `expected` bytes at most; both Buffers are the kernels' own. Bytes behind the stream do not matter, and
   * nothing is written outside the `expected` bytes. Returns the number of bytes produced, or null when the
   * stream is corrupt, cut off or over-long.
   */
  inflate(
    source: Buffer,
    from: number,
    length: number,
    target: Buffer,
    start: number,
    expected: number,
  ): number | null {
    const sourceAddress = this.#address(source, from, length);
    const targetAddress = this.#address(target, start, expected);
    const produced = this.#exports.inflateZlib(sourceAddress, length, targetAddress, expected);
    return produced < 0 ? null : produced;
  }

  /** The XXH64, seed 0, of a Buffer of the kernels' own. */
  xxh64(bytes: Buffer): bigint {
    return BigInt.asUintN(64, this.#exports.xxh64(this.#address(bytes, 0, bytes.length), bytes.length));
  }

  /** Whether a Buffer of the kernels' own holds zeros only. */
  isZero(bytes: Buffer): boolean {
    return this.#exports.isZero(this.#address(bytes, 0, bytes.length), bytes.length) !== 0;
  }

  #address(buffer: Buffer, at: number, length: number): number {
    if (!this.owns(buffer)) throw new TypeError("the Buffer is not in the kernels' memory");
    if (!(at >= 0 && length >= 0 && at + length <= buffer.length)) {
      throw new RangeError(`bytes ${at} to ${at + length} asked of a Buffer of ${buffer.length}`);
    }
    return buffer.byteOffset + at;
  }
}

/** Beside the bundle, or where the build puts it when the sources themselves run. */
function moduleFile(): URL {
  const beside = new URL('kernels.wasm', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../dist/kernels.wasm', import.meta.url);
}
