import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** SHA-256 as openssl prints it. */
  readonly fingerprint: string;
}

/** A certificate for addresses of this machine that nobody but itself has signed. */
export function selfSigned(addresses: readonly string[] = ['127.0.0.1']): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-tls-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  const names = addresses.map((address) => `IP:${address}`).join(',');
  const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${names}`, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const made = { cert: readFileSync(cert), key: readFileSync(key) };
  rmSync(folder, { recursive: true });
  return { ...made, fingerprint: new X509Certificate(made.cert).fingerprint256 };
}

export interface SignerOptions {
  /** Who signs; itself without one. */
  readonly issuer?: Certificate;
  /** How long it is valid from now; negative for one that expired. */
  readonly days?: number;
  /** Of this machine, for a server's certificate. */
  readonly addresses?: readonly string[];
}

/** A certificate of an RSA key, as packages are signed with, or servers have; `subject` as `/O=Acme/CN=Release`. */
export function signer(
  subject: string,
  { issuer, days = 2, addresses = [] }: SignerOptions = {},
): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'xenferry-signer-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore' });
  };
  const names = addresses.map((address) => `IP:${address}`).join(',');
  const server = names === '' ? [] : ['-addext', `subjectAltName=${names}`];
  const request = ['-subj', subject, ...server, '-keyout', at('key'), '-out', at('csr')];
  openssl('req', '-newkey', 'rsa:2048', '-noenc', ...request);
  writeFileSync(at('issuer-key'), issuer?.key ?? '');
  writeFileSync(at('issuer'), issuer?.cert ?? '');
  const by = issuer === undefined ? ['-key', at('key')] : ['-CA', at('issuer'), '-CAkey', at('issuer-key')];
  openssl(
    'x509',
    '-req',
    '-in',
    at('csr'),
    ...by,
    '-days',
    String(days),
    '-copy_extensions',
    'copy',
    '-out',
    at('cert'),
  );
  const made = { cert: readFileSync(at('cert')), key: readFileSync(at('key')) };
  rmSync(folder, { recursive: true });
  return { ...made, fingerprint: new X509Certificate(made.cert).fingerprint256 };
}
