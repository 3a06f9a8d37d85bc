import { readWholeDisk, surveyImage, VERIFY } from '../conversion/index.js';
import { detectFormat, fileImage } from '../images/index.js';
import { SourceFile } from '../io/source-file.js';
import { describeError, XenferryError } from '../model/errors.js';
import { checkVhd } from '../vhd/index.js';
import { WorkerThreadsPool } from '../worker-threads-pool/index.js';
import { ForwardBytes, readXvaHead, readXvaStreamHead } from '../xva/index.js';
import { isZstd, zstdDecompress } from '../zstd/index.js';

export interface FileCheck {
  readonly file: string;
  readonly format: 'vmdk' | 'vhd' | 'qcow2' | 'xva';
  readonly disks: readonly { readonly virtualBytes: number }[];
  /** What is wrong, in words; empty for a good file. */
  readonly findings: readonly string[];
}

/** Judges a file by its content, whatever its name. Throws SOURCE_* when it cannot be read. */
export async function checkFile(file: string): Promise<FileCheck> {
  const source = SourceFile.openWhole(file, 'SOURCE_UNREADABLE');
  const length = source.length;
  const start = Buffer.alloc(Math.min(length, 16));
  source.readSync(start, 0);
  const end = Buffer.alloc(Math.min(length, 512));
  source.readSync(end, length - end.length);
  source.close();
  if (start.toString('latin1', 0, 8) === 'ova.xml\0') return await checkXva(file);
  if (await isZstd(file)) return await checkCompressedXva(file);
  // A footer cut to 511 bytes is one of the oldest; one at the start is the copy of a footer that may be lost.
  if ([start, end, end.subarray(1)].some(isVhdFooter)) return await checkVhdFile(file);
  const format = (await detectFormat(fileImage('raw', file, length).location)) === 'qcow2' ? 'qcow2' : 'vmdk';
  return await checkImage(file, format, length);
}

function isVhdFooter(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 8) === 'conectix';
}

/** Reads all that the image holds. */
async function checkImage(file: string, format: 'vmdk' | 'qcow2', length: number): Promise<FileCheck> {
  return await judged({ file, format }, async () => {
    const survey = await surveyImage(fileImage(format, file, length));
    await withPool(async (pool) => await readWholeDisk({ ...survey, pool, threads: pool.threads }));
    return { disks: [{ virtualBytes: survey.capacityBytes }], findings: survey.notes };
  });
}

async function checkVhdFile(file: string): Promise<FileCheck> {
  return await judged({ file, format: 'vhd' }, async () => {
    const { virtualBytes, findings } = await checkVhd(file);
    return { disks: [{ virtualBytes }], findings };
  });
}

async function checkXva(file: string): Promise<FileCheck> {
  return await judged({ file, format: 'xva' }, async () => {
    const archive = await readXvaHead(file);
    const canceled = new Int32Array(new SharedArrayBuffer(4));
    await withPool((pool) => pool.run(VERIFY, { kind: 'xva', path: file, expected: null, canceled }));
    return { disks: archive.disks.map(({ virtualBytes }) => ({ virtualBytes })), findings: [] };
  });
}

async function checkCompressedXva(file: string): Promise<FileCheck> {
  return await judged({ file, format: 'xva' }, async () => {
    const canceled = new Int32Array(new SharedArrayBuffer(4));
    await withPool((pool) => pool.run(VERIFY, { kind: 'xva-zstd', path: file, expected: null, canceled }));
    const bytes = new ForwardBytes(zstdDecompress(file));
    try {
      const { disks } = await readXvaStreamHead(file, bytes);
      return { disks: disks.map(({ virtualBytes }) => ({ virtualBytes })), findings: [] };
    } finally {
      bytes.close();
    }
  });
}

async function withPool(use: (pool: WorkerThreadsPool) => Promise<unknown>): Promise<void> {
  const pool = new WorkerThreadsPool();
  try {
    await use(pool);
  } finally {
    await pool.close();
  }
}

/** An error about the file's format is a finding; one about reaching it is not. */
async function judged(
  about: Pick<FileCheck, 'file' | 'format'>,
  judge: () => Promise<Pick<FileCheck, 'disks' | 'findings'>>,
): Promise<FileCheck> {
  try {
    return { ...about, ...(await judge()) };
  } catch (error) {
    if (!(error instanceof XenferryError) || error.category !== 'format') throw error;
    return {
      ...about,
      disks: [],
      findings: [
        `${describeError({ message: error.message, place: { ...error.place, file: undefined } })} (${error.code})`,
      ],
    };
  }
}
