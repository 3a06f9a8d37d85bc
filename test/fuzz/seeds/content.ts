/** A grain that is mostly zeros: what else is in a seed is metadata, and that is where mutations aim. */
export function grain(sectors: number, mark: string): Buffer {
  const content = Buffer.alloc(sectors * 512);
  content.write(`${mark} first`, 0, 'latin1');
  content.write(`${mark} last`, content.length - 16, 'latin1');
  return content;
}
