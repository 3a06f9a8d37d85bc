import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { CsvError, type Options, parse } from 'csv-parse';
import { systemErrorCode, XenferryError } from '../../model/errors.js';
import { KIB, MIB } from '../../model/units.js';
import { type Cell, MAX_COLUMNS, type TabSource, type TakeRow } from './cells.js';

/** That of 10,000 machines has 10 MB. */
const MAX_BYTES = 512 * MIB;
/** A row of 200 columns, one of them a long annotation. */
const MAX_ROW_BYTES = MIB;
const HEAD_BYTES = 64 * KIB;
const DELIMITERS = [',', ';', '\t', '|'] as const;

/** A tab in a CSV file: its delimiter is the one that parts the headings, and row numbers are lines. */
export function csvTab(absolute: string, file: string): TabSource {
  return { file, read: (take) => readCsv(absolute, file, take) };
}

async function readCsv(absolute: string, file: string, take: TakeRow): Promise<void> {
  const { encoding, delimiter, firstLine } = await lookInto(absolute, file);
  const parser = parse({
    delimiter,
    bom: true,
    info: true,
    from_line: firstLine,
    // Annotations hold quotes, and people edit these files.
    relax_quotes: true,
    relax_column_count: true,
    max_record_size: MAX_ROW_BYTES,
  } satisfies Options);
  const decoder = new TextDecoder(encoding);
  try {
    await pipeline(
      createReadStream(absolute, { end: MAX_BYTES }),
      async function* decode(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
        yield decoder.decode();
      },
      parser,
      async (records: AsyncIterable<{ record: readonly Cell[]; info: { lines: number } }>) => {
        for await (const { record, info } of records) {
          if (record.length > MAX_COLUMNS) {
            const message = `a row has ${record.length} columns`;
            throw new XenferryError('RVTOOLS_MALFORMED', message, { file, line: info.lines });
          }
          take(record, info.lines);
        }
      },
    );
  } catch (error) {
    throw error instanceof XenferryError ? error : unreadable(error, file);
  }
}

interface CsvStyle {
  readonly encoding: Encoding;
  readonly delimiter: string;
  /** Of the headings, from 1. */
  readonly firstLine: number;
}

/** Encoding and delimiter, from the file's first lines. Excel's `sep=;` above the headings names the delimiter. */
async function lookInto(absolute: string, file: string): Promise<CsvStyle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(absolute);
    const { size } = await handle.stat();
    if (size > MAX_BYTES) {
      throw new XenferryError('RVTOOLS_TOO_LARGE', `it has ${size} bytes, as no tab has`, { file });
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const head = buffer.subarray(0, bytesRead);
    const encoding = encodingOf(head);
    const text = new TextDecoder(encoding).decode(head);
    const named = /^sep=(.)\r?\n/i.exec(text)?.[1];
    if (named !== undefined) return { encoding, delimiter: named, firstLine: 2 };
    const [headings = ''] = text.split(/[\r\n]/, 1);
    const counts = DELIMITERS.map((mark) => headings.split(mark).length);
    return { encoding, delimiter: DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ',', firstLine: 1 };
  } catch (error) {
    throw error instanceof XenferryError ? error : unreadable(error, file);
  } finally {
    await handle?.close();
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'windows-1252';

/** By its mark; without one by its bytes: old versions wrote in the encoding of Windows. */
function encodingOf(head: Buffer): Encoding {
  const isWide = (head[0] === 0xff && head[1] === 0xfe) || (head[0] !== 0 && head[1] === 0);
  if (isWide) return 'utf-16le';
  try {
    // A character that the piece cuts in two is no fault.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return 'utf-8';
  } catch {
    return 'windows-1252';
  }
}

function unreadable(error: unknown, file: string): XenferryError {
  if (error instanceof CsvError) {
    return new XenferryError('RVTOOLS_MALFORMED', `it is no CSV: ${error.message.slice(0, 200)}`, {
      file,
      cause: error,
    });
  }
  const reason = systemErrorCode(error);
  if (reason === undefined) throw error;
  return new XenferryError('SOURCE_UNREADABLE', `it cannot be read (${reason})`, { file, cause: error });
}
