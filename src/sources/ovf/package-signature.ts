import { toXenferryError } from '../../model/errors.js';
import type { Problem } from '../../model/inventory.js';
import { fitsSignature, readCertificate, type SignedManifest } from '../../ovf-parser/index.js';
import { type About, problemOf, problemOfError } from '../problems.js';
import type { PackageFiles } from './package-files.js';

const TRUST_HINT = 'Make sure by other means that the package is from who it says.';

/**
 * Checks the signature (`.cert`) of a package over its manifest's bytes; null when it has none. Who signed is told
 * where nothing but the package itself vouches for it; chains are not followed to a root.
 */
export async function signatureProblems(
  files: PackageFiles,
  manifest: Uint8Array | null,
  about: About,
): Promise<readonly Problem[]> {
  const name = files.descriptorName.replace(/(\.[^.]*)?$/, '.cert');
  try {
    const range = await files.find(name);
    if (range === null) return [];
    if (manifest === null) {
      const message = `the certificate ${name} signs a manifest, which the package does not have`;
      return [problemOf('warning', 'OVF_SIGNATURE', message, about)];
    }
    const signed = await readCertificate(range);
    if (!fitsSignature(signed, manifest)) {
      const message = `the signature of ${subjectOf(signed)} in ${name} does not fit the manifest`;
      return [problemOf('critical', 'OVF_SIGNATURE', message, about)];
    }
    return trustProblems(signed, about);
  } catch (error) {
    const { message } = toXenferryError(error);
    const problem = problemOfError(error, { ...about, line: null });
    return [{ ...problem, line: null, message: `the certificate ${name}: ${message}` }];
  }
}

function trustProblems(signed: SignedManifest, about: About): readonly Problem[] {
  const { certificate } = signed;
  const subject = subjectOf(signed);
  const now = Date.now();
  const warn = (message: string): Problem =>
    problemOf('warning', 'OVF_SIGNATURE', message, about, TRUST_HINT);
  return [
    ...(certificate.checkIssued(certificate)
      ? [warn(`it is signed by ${subject}, who nobody vouches for`)]
      : []),
    ...(Date.parse(certificate.validTo) < now
      ? [warn(`the certificate of ${subject} expired on ${certificate.validTo}`)]
      : []),
    ...(Date.parse(certificate.validFrom) > now
      ? [warn(`the certificate of ${subject} is not valid before ${certificate.validFrom}`)]
      : []),
  ];
}

/** In one line: OpenSSL gives a line for each part of the name. */
function subjectOf({ certificate }: SignedManifest): string {
  return `"${certificate.subject.split('\n').join(', ').slice(0, 200)}"`;
}
