import type { Writable } from 'node:stream';
import {
  type BlockRecords,
  type DiskStream,
  type DiskSurvey,
  dataBytesOf,
  diskDigest,
  qcow2Stream,
  rawStream,
  surveyImage,
  vhdStream,
  xvaStream,
} from '../conversion/index.js';
import { unlessAborted } from '../model/abort.js';
import { systemErrorCode, XenferryError } from '../model/errors.js';
import { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import type { ConvertedFile, DiskInput } from './convert-file.js';
import { openInputImage, shownInput } from './input-image.js';

export interface StreamedFile extends DiskInput {
  readonly output: Writable;
  /** Absolute path of a file that may be made for as long as the input needs it. */
  readonly scratch: string;
}

/** Converts one disk into bytes in order. Throws every code but PLAN_*. */
export async function convertStream(conversion: StreamedFile): Promise<ConvertedFile> {
  const { input, format, signal } = conversion;
  const image = await openInputImage(conversion, conversion.scratch, signal);
  const pool = new WorkerThreadsPool(conversion.threads);
  try {
    const survey = await surveyImage(image.source, signal);
    let records: BlockRecords | undefined;
    const stream = await openStream(conversion, survey, pool, (found) => {
      records = found;
    });
    // What fails is told to the write's own callback; without a listener it would end the process as well.
    conversion.output.on('error', () => {});
    // A reader that has stopped reading must not keep a cancel from getting through.
    for await (const piece of stream.pieces) await unlessAborted(signal, writeAll(conversion.output, piece));
    if (records === undefined) throw new XenferryError('INTERNAL', 'the stream ended early');
    const { capacityBytes, notes } = survey;
    const fileBytes = stream.byteLength;
    const facts = { dataBytes: dataBytesOf(records), digest: diskDigest(records) };
    return { input: shownInput(input), output: '-', format, capacityBytes, fileBytes, notes, ...facts };
  } finally {
    await pool.close();
    await image.release();
  }
}

async function openStream(
  conversion: StreamedFile,
  survey: DiskSurvey,
  pool: WorkerThreadsPool,
  onRecords: (records: BlockRecords) => void,
): Promise<DiskStream> {
  const disk = { ...conversion, ...survey, pool };
  switch (conversion.format) {
    case 'vhd':
      return vhdStream(disk, ({ records }) => onRecords(records));
    case 'qcow2':
      return qcow2Stream(disk, ({ records }) => onRecords(records));
    case 'fixed-vhd':
      throw new XenferryError('CONFIG_INVALID', 'a fixed VHD is written to a file only', {
        hint: 'Use --format raw: a fixed VHD is the same with a footer, and no importer takes it as a stream.',
      });
    case 'raw':
      return rawStream(disk, ({ records }) => onRecords(records));
    case 'xva': {
      const { oneDiskMachine } = await import('./one-disk-machine.js');
      const { ovaXml, diskIds } = await oneDiskMachine(shownInput(conversion.input), survey.capacityBytes);
      const surroundings = { ovaXml, diskId: diskIds[0] ?? '', checksum: 'sha1' } as const;
      return xvaStream(disk, surroundings, ({ records }) => onRecords(records));
    }
  }
}

/** Resolves when the reader has taken the bytes, so that their memory may be used again. */
function writeAll(output: Writable, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(bytes, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(streamError(error));
    });
  });
}

function streamError(cause: Error): XenferryError {
  const reason = systemErrorCode(cause) ?? cause.message;
  return new XenferryError('TARGET_UNWRITABLE', `the reader of the stream has gone (${reason})`, { cause });
}
