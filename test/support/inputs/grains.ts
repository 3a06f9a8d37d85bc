import { execa } from 'execa';

/** The grains that a disk would need: those that are not zeros, by number, the last filled up. */
export function dataGrains(content: Buffer, grainBytes: number): Map<number, Buffer> {
  return changedGrains(Buffer.alloc(content.length), content, grainBytes);
}

/** The grains that a snapshot would hold; what became zeros too. */
export function changedGrains(before: Buffer, after: Buffer, grainBytes: number): Map<number, Buffer> {
  const grains = new Map<number, Buffer>();
  for (let start = 0; start < after.length; start += grainBytes) {
    const end = start + grainBytes;
    const grain = after.subarray(start, end);
    if (grain.equals(before.subarray(start, end))) continue;
    const whole = Buffer.alloc(grainBytes);
    grain.copy(whole);
    grains.set(start / grainBytes, whole);
  }
  return grains;
}

/** The same grains with `zeros` for those that a format need not store. */
export function withZeros(grains: ReadonlyMap<number, Buffer>): Map<number, Buffer | 'zeros'> {
  return new Map(
    [...grains].map(([number, grain]) => [number, grain.some((byte) => byte !== 0) ? grain : 'zeros']),
  );
}

/** Writes a raw disk in a format of qemu-img's, with `-o` options. */
export async function qemuConvert(
  raw: string,
  output: string,
  format: string,
  ...options: string[]
): Promise<string> {
  const set = options.flatMap((option) => ['-o', option]);
  await execa('qemu-img', ['convert', '-f', 'raw', '-O', format, ...set, raw, output]);
  return output;
}
