import { type ErrorPlace, XenferryError } from '../model/errors.js';
import type { Answer } from './http-client.js';

/** What tells one content of a file from the next. */
export interface FileVersion {
  /** Bytes. */
  readonly length: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

/**
 * Length and version of a file by the answer to a request for its first byte (RFC 9110, 14.4 Content-Range).
 * Throws HTTP_NO_RANGES.
 */
export function learnVersion(answer: Answer, place: ErrorPlace): FileVersion {
  if (answer.statusCode === 200) {
    throw new XenferryError('HTTP_NO_RANGES', 'the server gives the file as a whole only', place);
  }
  const length = contentRange(answer).total;
  if (length === null) {
    throw new XenferryError('HTTP_NO_RANGES', 'the server does not tell how long the file is', place);
  }
  return {
    length,
    etag: header(answer, 'etag'),
    lastModified: header(answer, 'last-modified'),
  };
}

/** Asks for the part only if the file is still the same; weak tags are not allowed here (RFC 9110, 13.1.5). */
export function onlyIfSame({ etag }: FileVersion): Readonly<Record<string, string>> {
  return etag === undefined || etag.startsWith('W/') ? {} : { 'if-range': etag };
}

/** Checks that an answer is the part that was asked for, of the same version. Throws SOURCE_*. */
export function checkPart(
  answer: Answer,
  version: FileVersion,
  offset: number,
  length: number,
  place: ErrorPlace,
): void {
  const range = contentRange(answer);
  const same =
    answer.statusCode === 206 &&
    agrees(range.total, version.length) &&
    agrees(header(answer, 'etag'), version.etag) &&
    agrees(header(answer, 'last-modified'), version.lastModified);
  if (!same) throw new XenferryError('SOURCE_CHANGED', 'the file on the server changed', place);
  const encoding = header(answer, 'content-encoding') ?? 'identity';
  if (range.first !== offset || range.last !== offset + length - 1 || encoding !== 'identity') {
    throw new XenferryError('SOURCE_UNREADABLE', 'the server sends another part than was asked for', place);
  }
}

/** What a server leaves out of its answer says nothing, nor does what it left out when the file was opened. */
function agrees<T>(told: T | null | undefined, known: T | undefined): boolean {
  return known === undefined || told === null || told === undefined || told === known;
}

interface ContentRange {
  readonly first: number | null;
  readonly last: number | null;
  readonly total: number | null;
}

function contentRange(answer: Answer): ContentRange {
  const text = header(answer, 'content-range') ?? '';
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/i.exec(text);
  return { first: toNumber(match?.[1]), last: toNumber(match?.[2]), total: toNumber(match?.[3]) };
}

function toNumber(digits: string | undefined): number | null {
  const value = Number(digits);
  return Number.isSafeInteger(value) ? value : null;
}

function header({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
