import { type ErrorCode, XenferryError } from '../model/errors.js';

interface Meaning {
  readonly code: ErrorCode;
  readonly hint?: string;
  readonly words: RegExp;
}

/** By words of nbdkit's plugin and of the library's error texts; the first that fits. */
const MEANINGS: readonly Meaning[] = [
  {
    code: 'VDDK_UNUSABLE',
    words: /cannot open plugin|libvixDiskLib|VDDK symbol|realpath|VixDiskLib_InitEx|unknown parameter/i,
  },
  {
    code: 'VSPHERE_LOGIN',
    words: /password|cannot complete login|credentials|not authenticated|authentication fail|log ?in fail/i,
  },
  {
    code: 'VSPHERE_UNREACHABLE',
    words:
      /thumbprint|certificate|SSL|cannot connect|connection (?:was )?refused|refused connection|resolve/i,
  },
  {
    code: 'SOURCE_UNREADABLE',
    words: /\block/i,
    hint: 'Something else holds the disk, a backup or a machine that runs; when it is done, run the same command again.',
  },
  {
    code: 'VSPHERE_DENIED',
    words: /access rights|permission|privilege/i,
    hint: 'Give the user the privileges for VDDK (docs/vsphere.md), then run the same command again.',
  },
];

/** What VDDK calls an error that it does not tell more about (nbdkit-vddk-plugin(1)). */
const UNKNOWN_HINT =
  'VDDK does not tell more. Known reasons: another version of VDDK than the server wants, a disk in an independent mode, a lack of privileges.';

/**
 * Why nbdkit does not serve a disk of VMware's, or not any more. `errors`: the lines it has said about it, from which no
 * secret must be left.
 */
export function vddkFailure(errors: readonly string[], what: string, cause?: unknown): XenferryError {
  const said = errors.join('; ');
  // The library also complains of what does no harm; what a call has ended with counts more.
  const ended = errors.filter((line) => line.startsWith('VixDiskLib_')).join('; ');
  const meaning = meaningOf(ended) ?? meaningOf(said);
  const hint = meaning?.hint ?? (/unknown error/i.test(said) ? UNKNOWN_HINT : undefined);
  const message = `${what}: ${said === '' ? 'nbdkit ended and did not say why' : said.slice(-600)}`;
  return new XenferryError(meaning?.code ?? 'SOURCE_UNREADABLE', message, { cause, hint });
}

function meaningOf(said: string): Meaning | undefined {
  return MEANINGS.find(({ words }) => words.test(said));
}
