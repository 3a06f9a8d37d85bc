import { basename, posix, win32 } from 'node:path';
import type { ByteSource } from '../io/byte-source.js';
import { isFormatError } from '../model/errors.js';
import { SECTOR_BYTES } from '../model/units.js';
import { isInFuture, isZeros } from './check-footer.js';
import type { DynamicHeader, ParentLocator } from './dynamic-header.js';
import { readGoodFooter, type VhdFooter } from './footer.js';
import { openParent, readLocatorPath, type VhdParents } from './parents.js';

const UNUSED = '\0\0\0\0';
/** The platforms of the specification's table, and how the last part of a path is found where we can read it. */
const PLATFORMS: ReadonlyMap<string, ((path: string) => string) | null> = new Map([
  ['Wi2r', null],
  ['Wi2k', null],
  ['W2ru', win32.basename],
  ['W2ku', win32.basename],
  ['Mac ', null],
  ['MacX', posix.basename],
]);

/** What a dynamic disk says of a parent all the same, in words. */
export function orphanFindings({ bytes }: DynamicHeader): string[] {
  const set = !isZeros(bytes.subarray(40, 60)) || !isZeros(bytes.subarray(64, 768));
  return set ? ['parent fields are set in a disk without a parent'] : [];
}

/** What `vhd-util check` refuses in what a differencing disk says of its parent, in words. Rejects with SOURCE_*. */
export async function parentFindings(
  file: ByteSource,
  footer: VhdFooter,
  header: DynamicHeader,
  parents: VhdParents,
): Promise<string[]> {
  const { parentUuid, parentTimestamp, parentName, locators } = header;
  const findings: string[] = [];
  if (isZeros(parentUuid)) findings.push('the parent has no UUID');
  if (isInFuture(parentTimestamp)) findings.push('the time of the parent lies in the future');
  if (parentName === '') findings.push('the parent has no name');
  for (const [index, locator] of locators.entries()) {
    const fault = await locatorFault(file, footer, header, locator);
    if (fault !== null) findings.push(`parent locator ${index + 1} ${fault}`);
    const { code } = locator;
    if (code !== UNUSED && locators.findIndex((other) => other.code === code) < index) {
      findings.push(`parent locator ${index + 1} is the second for ${code}`);
    }
  }
  if (locators.every(({ code }) => code === UNUSED)) findings.push('there is no parent locator');
  return [...findings, ...(await absenceFindings(file, header, parents))];
}

async function locatorFault(
  file: ByteSource,
  footer: VhdFooter,
  { parentName }: DynamicHeader,
  locator: ParentLocator,
): Promise<string | null> {
  const { code, space, length, reserved, offset } = locator;
  if (code === UNUSED) return space + length + reserved + offset === 0 ? null : 'is unused but not empty';
  const lastPart = PLATFORMS.get(code);
  if (lastPart === undefined) return 'is of an unknown platform';
  if (offset === 0 || space === 0 || length === 0 || reserved !== 0) return 'is incomplete';
  if (offset + locatorBytes(locator) > footer.offset || offset + length > footer.offset) {
    return 'lies outside the file';
  }
  if (lastPart === null) return null;
  const name = lastPart(await readLocatorPath(file, locator));
  return name === parentName ? null : `names ${name} instead of ${parentName}`;
}

/** Room for a parent's path in the file: what cannot be a number of bytes is one of sectors. */
export function locatorBytes({ space }: ParentLocator): number {
  return space < SECTOR_BYTES ? space * SECTOR_BYTES : space;
}

async function absenceFindings(
  file: ByteSource,
  header: DynamicHeader,
  parents: VhdParents,
): Promise<string[]> {
  let parent: ByteSource | null = null;
  try {
    parent = await openParent(file, header, parents);
    const { footer } = await readGoodFooter(parent);
    return footer.uuid.equals(header.parentUuid)
      ? []
      : [`the parent ${basename(parent.path)} has another UUID than the one the disk was made from`];
  } catch (error) {
    if (!isFormatError(error)) throw error;
    return [
      parent === null ? 'the parent is not beside the disk' : `the parent ${basename(parent.path)} is no VHD`,
    ];
  } finally {
    parent?.close();
  }
}
