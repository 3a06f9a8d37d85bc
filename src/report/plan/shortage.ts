import type { StorageEstimate } from '../../model/plan.js';

/** Bytes that are missing; 0 where there is room, null where nobody knows. */
export function shortage({ bytes, freeBytes }: StorageEstimate): number | null {
  return freeBytes === null ? null : Math.max(0, bytes - freeBytes);
}

/** As people call it. */
export function storageName(storage: string | null): string {
  return storage ?? 'the target folder';
}
