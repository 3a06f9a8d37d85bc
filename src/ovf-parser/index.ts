export { fitsSignature, readCertificate, type SignedManifest } from './certificate.js';
export { type ManifestEntry, manifestDigest, readManifest } from './manifest.js';
export { normalizeMac } from './nics.js';
export { indexOva, type OvaMember } from './ova-index.js';
export { type OvfOptions, parseOvf, readOvfBytes } from './ovf-envelope.js';
export type {
  OvfDevice,
  OvfDisk,
  OvfDrive,
  OvfEnvelope,
  OvfFile,
  OvfFinding,
  OvfNic,
  OvfOperatingSystem,
  OvfStart,
  OvfVirtualSystem,
} from './ovf-types.js';
export { readAt, readSmallRange, withFile } from './read-range.js';
export { hrefCandidates } from './safe-href.js';
export { holdsSecret, normalizeUuid } from './settings.js';
