import { roundUp, SECTOR_BYTES } from '../model/units.js';
import type { VhdUuid } from './footer.js';

/** What a differencing disk says of its parent. */
export interface VhdParentLink {
  /** The file's name; it lies in the folder of the differencing disk. */
  readonly name: string;
  /** Of the parent's footer. */
  readonly uuid: VhdUuid;
  /** The time in the parent's footer, in seconds since 2000-01-01. */
  readonly timestamp: number;
}

/** A parent's path for one platform, and where it goes; bytes. */
export interface PlacedLocator {
  readonly code: 'MacX' | 'W2ru';
  readonly path: Buffer;
  readonly offset: number;
  /** Whole sectors. Stored in bytes, as Hyper-V and XenServer do, not in sectors as the specification has it. */
  readonly space: number;
}

/** The paths XenServer's `vhd-util` writes and reads, side by side from `offset`, each in sectors of its own. */
export function placeLocators(parent: VhdParentLink, offset: number): readonly PlacedLocator[] {
  const macx = place('MacX', Buffer.from(`file://./${parent.name}`), offset);
  return [macx, place('W2ru', Buffer.from(`.\\${parent.name}`, 'utf16le'), offset + macx.space)];
}

function place(code: PlacedLocator['code'], path: Buffer, offset: number): PlacedLocator {
  return { code, path, offset, space: roundUp(path.length, SECTOR_BYTES) };
}
