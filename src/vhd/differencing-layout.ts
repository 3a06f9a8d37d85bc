import { basename } from 'node:path';
import { SourceFile } from '../io/source-file.js';
import { XenferryError } from '../model/errors.js';
import { readGoodFooter } from './footer.js';
import { type VhdLayout, vhdLayout } from './layout.js';
import type { VhdParentLink } from './parent-link.js';

export type DifferencingVhdLayout = VhdLayout & { readonly parent: VhdParentLink };

/**
 * Layout of a differencing disk of `capacityBytes` on top of the VHD at `parentPath`, which must be as large and in
 * the end lie beside it. Rejects with VHD_PARENT_MISMATCH, VHD_INVALID, VHD_TOO_LARGE, SOURCE_*.
 */
export async function differencingVhdLayout(
  capacityBytes: number,
  parentPath: string,
): Promise<DifferencingVhdLayout> {
  const file = SourceFile.openWhole(parentPath, 'VHD_INVALID');
  try {
    const { footer } = await readGoodFooter(file);
    const parent = { name: basename(parentPath), uuid: footer.uuid, timestamp: footer.timestamp };
    const layout = vhdLayout(capacityBytes, { parent });
    if (layout.virtualBytes === footer.virtualBytes) return { ...layout, parent };
    throw new XenferryError(
      'VHD_PARENT_MISMATCH',
      `the parent has ${footer.virtualBytes} bytes, ${layout.virtualBytes} expected`,
      { file: parentPath, offset: footer.offset + 48 },
    );
  } finally {
    file.close();
  }
}
