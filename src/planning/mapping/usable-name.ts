/** XAPI takes longer ones; tables, folders and people do not. */
const MAX_CODE_POINTS = 255;

/** A machine's name at the target: without control characters and space around it, never empty. */
export function usableName(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  // A code point has at most two units: a hostile name is not taken apart as a whole.
  const points = [...plain.slice(0, 2 * MAX_CODE_POINTS)].slice(0, MAX_CODE_POINTS);
  return points.join('').trim() || 'machine';
}
