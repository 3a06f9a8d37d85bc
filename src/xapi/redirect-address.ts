/**
 * The host that a redirection of XAPI names; null where it names none. XAPI forgets the brackets of IPv6 addresses, so
 * that this is no URL that a parser takes.
 */
export function redirectAddress(location: string | undefined): string | null {
  return /^https:\/\/([^/?]+)/.exec(location ?? '')?.[1] ?? null;
}
