import type { Ref, VmRecord } from '../../xapi/index.js';

/** Where in the pool a machine goes. A reference is null's where a concern says what is missing. */
export interface MachinePlacement {
  /** Repositories, in the order of the machine's disks. */
  readonly storage: readonly Ref[];
  /** Networks, in the order of the machine's network cards. */
  readonly networks: readonly Ref[];
  /** Whose settings for people and tools the VM takes over. */
  readonly template: VmRecord | null;
  /** It starts there when it can; null for none. */
  readonly homeHost: Ref | null;
  /** Null for none. */
  readonly gpuGroup: Ref | null;
}
