/** Nothing was sent: the same call may be made again, whatever it does. */
const NOT_SENT = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'UND_ERR_CONNECT_TIMEOUT'];

/** The connection broke; whether the call was carried out is not known. */
const BROKEN = [
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
];

/** OpenSSL's and Node's names for a certificate that nobody vouches for. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_/;

/** What another attempt may do about a call that had no answer. */
export type BrokenKind = 'not sent' | 'broken' | 'hopeless';

/** By the code of Node or undici that a call failed with. */
export function brokenKind(code: string): BrokenKind {
  if (NOT_SENT.includes(code)) return 'not sent';
  return BROKEN.includes(code) ? 'broken' : 'hopeless';
}

/** Whether the code says that the server's certificate is not trusted. */
export function isUntrusted(code: string): boolean {
  return UNTRUSTED.test(code);
}
