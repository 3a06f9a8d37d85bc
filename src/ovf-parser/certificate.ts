import { verify, X509Certificate } from 'node:crypto';
import { XenferryError } from '../model/errors.js';
import type { FileRange, ManifestAlgorithm } from '../model/virtual-machine.js';
import { readSmallRange } from './read-range.js';

/** A signature of a manifest and the certificate it was made with (`.cert`). */
export interface SignedManifest {
  readonly algorithm: ManifestAlgorithm;
  readonly signature: Buffer;
  readonly certificate: X509Certificate;
}

const CERTIFICATE_LIMIT = { bytes: 256 * 1024, code: 'OVF_SIGNATURE' } as const;

const SIGNATURE = /^[ \t]*SHA-?(1|256|512)[ \t]*\(.+\)[ \t]*=[ \t]*((?:[0-9a-f]{2})+)[ \t\r]*$/im;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/;

/**
 * Reads a certificate file of at most 256 KiB: a line `SHA256(web01.mf)= <signature in hexadecimal>` and the signer's
 * X.509 certificate as PEM; what follows is its chain (DSP0243 1.1 §5.1).
 * Throws OVF_SIGNATURE when it is neither, or SOURCE_* when it cannot be read.
 */
export async function readCertificate(range: FileRange): Promise<SignedManifest> {
  const bytes = await readSmallRange(range, CERTIFICATE_LIMIT);
  return parseCertificate(bytes.toString('latin1'), range.path);
}

/** The same from its text. Throws OVF_SIGNATURE. */
function parseCertificate(text: string, file: string): SignedManifest {
  const [, bits, hex = ''] = SIGNATURE.exec(text) ?? [];
  const [pem] = PEM.exec(text) ?? [];
  const algorithm = bits === '1' ? 'sha1' : bits === '256' ? 'sha256' : 'sha512';
  if (bits === undefined) {
    throw new XenferryError('OVF_SIGNATURE', 'it has no line "SHA256(name.mf)= signature"', { file });
  }
  if (pem === undefined) throw new XenferryError('OVF_SIGNATURE', 'it has no PEM certificate', { file });
  try {
    return { algorithm, signature: Buffer.from(hex, 'hex'), certificate: new X509Certificate(pem) };
  } catch (cause) {
    throw new XenferryError('OVF_SIGNATURE', 'its certificate is no X.509 certificate', { file, cause });
  }
}

/** Whether the certificate's key made the signature over exactly these bytes. */
export function fitsSignature(
  { algorithm, signature, certificate }: SignedManifest,
  manifest: Uint8Array,
): boolean {
  try {
    return verify(algorithm, manifest, certificate.publicKey, signature);
  } catch {
    // OpenSSL refuses keys it cannot sign with, and oversized ones.
    return false;
  }
}
