/** A cell as its file stores it: typed in a workbook, text in CSV; null when it is empty. */
export type Cell = string | number | boolean | null;

/** Takes the rows of a tab in their order; `cells` is reused for the next row. Row numbers are from 1. */
export type TakeRow = (cells: readonly Cell[], row: number) => void;

/** One tab of an export: a sheet of a workbook, or a file of its own. */
export interface TabSource {
  /** The file that holds it, relative to the source folder. */
  readonly file: string;
  /** Reads its rows. Throws RVTOOLS_MALFORMED, RVTOOLS_TOO_LARGE or SOURCE_*. */
  readonly read: (take: TakeRow) => Promise<void>;
}

/** Columns of a sheet, which is Excel's own limit. */
export const MAX_COLUMNS = 16_384;
