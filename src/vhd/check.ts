import { SourceFile } from '../io/source-file.js';
import { blockCount, SECTOR_BYTES } from '../model/units.js';
import { footerFindings } from './check-footer.js';
import { locatorBytes, orphanFindings, parentFindings } from './check-parent.js';
import { batEnd, blockFindings, headerFindings, judgeBatmap } from './check-tables.js';
import { endFooterOffset, FOOTER_BYTES, NO_OFFSET, readFooterAt, type VhdFooter } from './footer.js';
import { UNUSED_BAT_ENTRY } from './layout.js';
import { parentsBeside } from './parents.js';
import { readTables } from './tables.js';

export interface VhdCheck {
  readonly virtualBytes: number;
  /** Blocks of the disk's own block size that the file holds; of 2 MiB in a fixed disk. */
  readonly storedBlocks: number;
  /** Why XenServer would refuse the file, in words; empty when it is good. */
  readonly findings: readonly string[];
}

/**
 * Judges a VHD by the rules of XenServer's own checker (`vhd-util check`), a differencing one together with the parent
 * beside it. Rejects with SOURCE_*, or VHD_INVALID when it is no VHD at all.
 */
export async function checkVhd(path: string): Promise<VhdCheck> {
  const file = SourceFile.openWhole(path, 'VHD_INVALID');
  try {
    const footer = await readFooterAt(file, endFooterOffset(file));
    return footer.kind === 'fixed' ? checkFixed(footer) : await checkSparse(file, footer);
  } finally {
    file.close();
  }
}

function checkFixed(footer: VhdFooter): VhdCheck {
  const { virtualBytes, offset } = footer;
  const findings = [...footerFindings(footer)];
  if (footer.bytes.readBigUInt64BE(16) !== NO_OFFSET)
    findings.push('the footer of a fixed disk has a data offset');
  if (virtualBytes > offset) findings.push(`the file ends before its disk of ${virtualBytes} bytes does`);
  return { virtualBytes, storedBlocks: blockCount(virtualBytes), findings };
}

async function checkSparse(file: SourceFile, footer: VhdFooter): Promise<VhdCheck> {
  const tables = await readTables(file, footer);
  const { header, bat } = tables;
  const batmap = await judgeBatmap(file, footer, header);
  const locatorEnds = header.locators.map((locator) => locator.offset + locatorBytes(locator));
  const tablesEnd = Math.max(batEnd(header), batmap.end, ...locatorEnds);
  const copy = Buffer.alloc(FOOTER_BYTES);
  await file.read(copy, 0, FOOTER_BYTES, 0);
  const findings = [
    ...(copy.equals(footer.bytes) ? [] : ['the footer and its copy at the start differ']),
    ...(isWholeSectors(file.length) ? [] : [`the file has ${file.length} bytes, which are no whole sectors`]),
    ...footerFindings(footer),
    ...headerFindings(footer, header),
    ...blockFindings(footer, tables, tablesEnd),
    ...batmap.findings,
    ...(footer.kind === 'differencing'
      ? await parentFindings(file, footer, header, parentsBeside(file.path))
      : orphanFindings(header)),
  ];
  const storedBlocks = bat.reduce((count, sector) => count + (sector === UNUSED_BAT_ENTRY ? 0 : 1), 0);
  return { virtualBytes: footer.virtualBytes, storedBlocks, findings };
}

/** With the last byte of an old footer left out or not. */
function isWholeSectors(bytes: number): boolean {
  return bytes % SECTOR_BYTES === 0 || bytes % SECTOR_BYTES === SECTOR_BYTES - 1;
}
