const MAX_NAME_BYTES = 180;

/** What else is in the target folder; an extension keeps machines' files apart from it. */
const TAKEN = ['report.html', 'report.json'];

/**
 * Names for machines' files, or folders where there is no `extension`, in order: what a file system or a shell stumbles
 * over becomes `_`, and a name that is taken (also by a name that differs in letter case alone) gets a number.
 */
export function outputNames(names: readonly string[], extension: string): string[] {
  const taken = new Set<string>(extension === '' ? TAKEN : []);
  return names.map((name) => {
    // No folder may be what another one is called while it is made.
    const base = extension === '' ? fileNameOf(name).replaceAll(/\.partial/gi, '_partial') : fileNameOf(name);
    let candidate = base;
    for (let number = 2; taken.has(candidate.toLowerCase()); number++) candidate = `${base}-${number}`;
    taken.add(candidate.toLowerCase());
    return `${candidate}${extension}`;
  });
}

function fileNameOf(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{N} ._()+@=,-]/gu, '_')
    .trim()
    .replace(/^[.-]+/, '_');
  // No character takes less than a byte: a hostile name is not shortened one by one.
  let end = Math.min(plain.length, MAX_NAME_BYTES);
  while (Buffer.byteLength(plain.slice(0, end)) > MAX_NAME_BYTES) end--;
  return plain.slice(0, end).trim() || 'machine';
}
