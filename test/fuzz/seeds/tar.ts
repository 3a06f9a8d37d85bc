import { TAR_RECORD_BYTES } from '../../../src/xva/index.js';
import { encodeTarHeader, sealTarHeader } from '../../../src/xva/tar-header.js';

/** A tar of these files. */
export function buildTar(files: ReadonlyMap<string, Buffer>): Buffer {
  const members = [...files].flatMap(([name, bytes]) => [
    encodeTarHeader(name, bytes.length),
    bytes,
    Buffer.alloc(-bytes.length & (TAR_RECORD_BYTES - 1)),
  ]);
  return Buffer.concat([...members, Buffer.alloc(2 * TAR_RECORD_BYTES)]);
}

/** Renews the checksums of whatever looks like a tar header. */
export function sealTar(bytes: Buffer): void {
  for (let at = 0; at + TAR_RECORD_BYTES <= bytes.length; at += TAR_RECORD_BYTES) {
    const record = bytes.subarray(at, at + TAR_RECORD_BYTES);
    if (record.toString('latin1', 257, 262) === 'ustar') sealTarHeader(record);
  }
}
