import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import type { TabSource } from './cells.js';
import { csvTab } from './csv-tab.js';
import { openWorkbook } from './xlsx/workbook.js';

/** An RVTools export opened for reading. */
export interface RvtoolsExport {
  /** By their names in lower case. */
  readonly tabs: ReadonlyMap<string, TabSource>;
  /** Whether days are counted from 1904 rather than 1900. */
  readonly from1904: boolean;
  readonly close: () => void;
}

/** `RVTools_tabvInfo.csv` as RVTools writes it, `vInfo.csv` as people rename it; what stands before names the export. */
const CSV_NAME =
  /^(|.*[\s_.-])(?:tab)?(v(?:Info|Disk|Network|CPU|Memory|Partition|CD|USB|Snapshot|Tools|Cluster|Host|Datastore))\.csv$/i;

/**
 * Whether `source` is an RVTools export: an .xlsx file, or a folder in which the CSV file of the tab vInfo lies. False
 * when there is nothing, or nothing that may be read.
 */
export async function isRvtools(source: string): Promise<boolean> {
  try {
    if (!(await stat(source)).isDirectory()) return path.extname(source).toLowerCase() === '.xlsx';
    return (await readdir(source)).some((name) => csvName(name)?.tab === 'vinfo');
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

/** The exports at a path: one, or several whose CSV files lie in one folder. Throws RVTOOLS_* or SOURCE_*. */
export async function openExports(source: string): Promise<readonly RvtoolsExport[]> {
  if (await isFolder(source)) {
    const sets = await csvSets(source);
    return sets.map((tabs) => ({ tabs, from1904: false, close: () => {} }));
  }
  const file = path.basename(source);
  const workbook = await openWorkbook(source, file);
  const tabs = workbook.sheets.map((sheet): [string, TabSource] => [
    sheet
      .trim()
      .toLowerCase()
      .replace(/^(?:rvtools_)?tab(?=v)/, ''),
    { file, read: (take) => workbook.readRows(sheet, take) },
  ]);
  return [{ tabs: new Map(tabs), from1904: workbook.from1904, close: workbook.close }];
}

async function isFolder(source: string): Promise<boolean> {
  try {
    return (await stat(source)).isDirectory();
  } catch (cause) {
    const reason = systemErrorCode(cause) ?? 'unknown';
    const code = reason === 'ENOENT' || reason === 'ENOTDIR' ? 'SOURCE_NOT_FOUND' : 'SOURCE_UNREADABLE';
    throw new XenferryError(code, `it cannot be read (${reason})`, { file: source, cause });
  }
}

/**
 * The exports of a folder, told apart by what stands before the tab's name. With one vInfo alone all files are its own,
 * whatever they are called. Links are not followed, for they could lead out of the folder.
 */
async function csvSets(folder: string): Promise<readonly ReadonlyMap<string, TabSource>[]> {
  const root = await realpath(folder);
  const children = await readdir(root, { withFileTypes: true });
  const files = children
    .flatMap((child) => (child.isFile() ? (csvName(child.name) ?? []) : []))
    .sort((a, b) => (a.file < b.file ? -1 : 1));
  const infos = files.filter(({ tab }) => tab === 'vinfo');
  return infos.map(({ prefix }) => {
    const own = infos.length === 1 ? files : files.filter((file) => file.prefix === prefix);
    return new Map(own.map(({ tab, file }) => [tab, csvTab(path.join(root, file), file)]));
  });
}

interface CsvName {
  readonly file: string;
  readonly prefix: string;
  readonly tab: string;
}

function csvName(file: string): CsvName | null {
  const [, prefix, tab] = CSV_NAME.exec(file) ?? [];
  return prefix === undefined || tab === undefined ? null : { file, prefix, tab: tab.toLowerCase() };
}
