/**
 * The text with a mark in place of control characters (but line breaks and tabs) and of those that are invisible or
 * reorder their surroundings: a hostile name could pose as another one with them.
 */
export function harmless(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}
