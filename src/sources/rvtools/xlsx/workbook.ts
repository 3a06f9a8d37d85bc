import path from 'node:path';
import { MIB } from '../../../model/units.js';
import type { TakeRow } from '../cells.js';
import { readSharedStrings } from './shared-strings.js';
import { readSheetRows } from './sheet-rows.js';
import { readXml } from './xml-events.js';
import { ZipPackage } from './zip-package.js';

const WORKBOOK = 'xl/workbook.xml';
const RELATIONSHIPS = 'xl/_rels/workbook.xml.rels';
const SHARED_STRINGS = 'xl/sharedStrings.xml';
const MAX_PART_BYTES = 8 * MIB;

/** An Excel workbook opened for reading. */
export interface Workbook {
  /** In their order. */
  readonly sheets: readonly string[];
  /** Whether days are counted from 1904 rather than 1900. */
  readonly from1904: boolean;
  /** Gives the rows of a sheet. Throws RVTOOLS_MALFORMED or RVTOOLS_TOO_LARGE. */
  readonly readRows: (sheet: string, take: TakeRow) => Promise<void>;
  readonly close: () => void;
}

/** Throws RVTOOLS_MALFORMED for what is no workbook, RVTOOLS_TOO_LARGE, or SOURCE_*; `file` names it in errors. */
export async function openWorkbook(absolute: string, file: string): Promise<Workbook> {
  const zip = await ZipPackage.open(absolute, file);
  try {
    const { sheets, from1904 } = await readSheetList(zip, file);
    const targets = await readTargets(zip, file);
    const strings = zip.has(SHARED_STRINGS) ? await readSharedStrings(zip, SHARED_STRINGS, file) : [];
    return {
      sheets: [...sheets.keys()],
      from1904,
      readRows: (sheet, take) => {
        const name = targets.get(sheets.get(sheet) ?? '') ?? '';
        return readSheetRows(zip, { name, file }, strings, take);
      },
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** The ids of the relationships that lead to the sheets, by the sheets' names. */
async function readSheetList(
  zip: ZipPackage,
  file: string,
): Promise<{ sheets: ReadonlyMap<string, string>; from1904: boolean }> {
  const sheets = new Map<string, string>();
  let from1904 = false;
  await readXml(
    zip,
    { name: WORKBOOK, file, maxBytes: MAX_PART_BYTES },
    {
      open: (element, attributes) => {
        if (element === 'workbookPr') from1904 = /^(?:1|true)$/.test(attributes.date1904 ?? '');
        if (element !== 'sheet' || attributes.name === undefined) return;
        const key = Object.keys(attributes).find((name) => name.endsWith(':id'));
        sheets.set(attributes.name, (key === undefined ? undefined : attributes[key]) ?? '');
      },
      text: () => {},
      close: () => {},
    },
  );
  return { sheets, from1904 };
}

/** The members that relationships lead to, by the relationships' ids. */
async function readTargets(zip: ZipPackage, file: string): Promise<ReadonlyMap<string, string>> {
  const targets = new Map<string, string>();
  await readXml(
    zip,
    { name: RELATIONSHIPS, file, maxBytes: MAX_PART_BYTES },
    {
      open: (element, { Id, Target }) => {
        if (element !== 'Relationship' || Id === undefined || Target === undefined) return;
        targets.set(Id, path.posix.resolve('/xl', Target).slice(1));
      },
      text: () => {},
      close: () => {},
    },
  );
  return targets;
}
