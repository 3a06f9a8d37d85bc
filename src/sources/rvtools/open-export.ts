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

/** `RVTools_tabvInfo.csv` as RVTools writes it, `vInfo.csv` as people rename it. */
const CSV_NAME =
  /(?:^|tab|[\s_.-])(v(?:Info|Disk|Network|CPU|Memory|Partition|CD|USB|Snapshot|Tools|Cluster))\.csv$/i;

/**
 * Whether `source` is an RVTools export: an .xlsx file, or a folder in which the CSV file of the tab vInfo lies. False
 * when there is nothing, or nothing that may be read.
 */
export async function isRvtools(source: string): Promise<boolean> {
  try {
    if (!(await stat(source)).isDirectory()) return path.extname(source).toLowerCase() === '.xlsx';
    return (await readdir(source)).some((name) => csvTabName(name) === 'vinfo');
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

/** Throws RVTOOLS_MALFORMED, RVTOOLS_TOO_LARGE or SOURCE_*. */
export async function openExport(source: string): Promise<RvtoolsExport> {
  const folder = await isFolder(source);
  if (folder) return { tabs: await csvTabs(source), from1904: false, close: () => {} };
  const file = path.basename(source);
  const workbook = await openWorkbook(source, file);
  const tabs = workbook.sheets.map((sheet): [string, TabSource] => [
    sheet
      .trim()
      .toLowerCase()
      .replace(/^tab(?=v)/, ''),
    { file, read: (take) => workbook.readRows(sheet, take) },
  ]);
  return { tabs: new Map(tabs), from1904: workbook.from1904, close: workbook.close };
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

/** Links are not followed, for a path could leave the folder by them. Of several files for a tab the last by name is taken. */
async function csvTabs(folder: string): Promise<ReadonlyMap<string, TabSource>> {
  const tabs = new Map<string, TabSource>();
  const root = await realpath(folder);
  for (const child of (await readdir(root, { withFileTypes: true })).sort(byName)) {
    const tab = csvTabName(child.name);
    if (tab !== null && child.isFile()) tabs.set(tab, csvTab(path.join(root, child.name), child.name));
  }
  return tabs;
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function csvTabName(name: string): string | null {
  return CSV_NAME.exec(name)?.[1]?.toLowerCase() ?? null;
}
