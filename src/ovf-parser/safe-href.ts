import { XenferryError } from '../model/errors.js';

const MAX_HREF_LENGTH = 4096;

/** Where the href stands, for the error. */
export interface HrefPlace {
  readonly file: string;
  readonly line?: number | undefined;
}

/**
 * The relative paths (with `/`, without `.` segments) an href of a descriptor may mean: as it is written, then
 * percent-decoded, because exporters differ and a name may hold a literal `%`.
 * Throws OVF_UNSAFE_PATH when either would leave the descriptor's folder: `..`, absolute paths, drive letters,
 * URLs, backslashes, NUL. Links are not looked at; whoever opens the file compares real paths.
 */
export function hrefCandidates(href: string, place: HrefPlace): readonly [string, ...string[]] {
  const written = safePath(href, place);
  const decoded = percentDecoded(href);
  return decoded === href ? [written] : [written, safePath(decoded, place)];
}

function safePath(path: string, place: HrefPlace): string {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  const plain = segments.join('/');
  // Both forms: `./C:/x` becomes a drive letter only when its `./` is gone.
  const reason = unsafeReason(path) ?? unsafeReason(plain);
  if (reason === null) return plain;
  const shown = JSON.stringify(path.slice(0, 120));
  throw new XenferryError('OVF_UNSAFE_PATH', `the file reference ${shown} ${reason}`, place);
}

function unsafeReason(path: string): string | null {
  if (path === '') return 'names no file';
  if (path.length > MAX_HREF_LENGTH) return `is longer than ${MAX_HREF_LENGTH} characters`;
  if (path.includes('\0')) return 'has a NUL character';
  if (path.includes('\\')) return 'has a backslash';
  if (/^[a-z]:/i.test(path)) return 'has a drive letter';
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path) || /^(file|data|https?|ftp):/i.test(path)) return 'is a URL';
  if (path.startsWith('/')) return 'is absolute';
  if (path.split('/').includes('..')) return 'leaves its folder';
  return null;
}

function percentDecoded(href: string): string {
  try {
    return decodeURIComponent(href);
  } catch {
    return href;
  }
}
