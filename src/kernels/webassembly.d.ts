/** The part of WebAssembly's interface we use; Node's types leave it to the browser's. */
declare namespace WebAssembly {
  class Memory {
    /** Limits in pages of 64 KiB. */
    constructor(limits: { initial: number; maximum: number });
    readonly buffer: ArrayBuffer;
  }

  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports: Readonly<Record<string, Readonly<Record<string, Memory>>>>);
    readonly exports: object;
  }
}
