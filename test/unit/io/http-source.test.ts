import type { RequestListener } from 'node:http';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HttpSource } from '../../../src/http-source/index.js';
import { type ByteSource, readBytes } from '../../../src/io/byte-source.js';
import {
  describeError,
  serializeError,
  toXenferryError,
  type XenferryError,
} from '../../../src/model/errors.js';
import { KIB, MIB } from '../../../src/model/units.js';
import { selfSigned } from '../../support/certificate.js';
import { noise } from '../../support/disk-maker.js';
import { failureOf } from '../../support/failure.js';
import { sendRange, type WebServer, webServer } from '../../support/range-server.js';

const CONTENT = noise(11, 3 * MIB + 77);
const PASSWORD = 'pässw0rd';
const PATIENCE = { connect: 500, idle: 200, retry: 1 };

const sound: RequestListener = (request, response) => sendRange(request, response, { bytes: CONTENT });

async function open(url: string, tlsFingerprint?: string): Promise<ByteSource> {
  return await HttpSource.open(url, {
    truncatedCode: 'VMDK_TRUNCATED',
    tlsFingerprints: tlsFingerprint === undefined ? [] : [tlsFingerprint],
    patience: PATIENCE,
  });
}

/** Answers opening soundly, and what comes after in another way. */
function afterOpening(misbehave: RequestListener): RequestListener {
  return (request, response) =>
    (request.headers.range === 'bytes=0-0' ? sound : misbehave)(request, response);
}

/** Fails in one way `times` times after opening, and is sound from then on. */
function failing(times: number, fail: RequestListener): RequestListener {
  let left = times;
  return afterOpening((request, response) => (left-- > 0 ? fail : sound)(request, response));
}

const reset: RequestListener = (_request, response) => response.destroy();

const stopInTheMiddle: RequestListener = (request, response) => {
  const [, first = '0', last = '0'] = /(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
  const length = Number(last) - Number(first) + 1;
  response.writeHead(206, {
    'content-length': length,
    'content-range': `bytes ${first}-${last}/${CONTENT.length}`,
    etag: '"1"',
  });
  response.write(CONTENT.subarray(0, length / 2), () => response.destroy());
};

const hang: RequestListener = () => {};

function status(code: number): RequestListener {
  return (_request, response) => {
    response.writeHead(code);
    response.end('words of the server');
  };
}

function redirect(to: (origin: string) => string): RequestListener {
  return (request, response) => {
    response.writeHead(302, { location: to(`http://${request.headers.host}`) });
    response.end();
  };
}

describe('a file on a web server', () => {
  it('reads as the file, whatever part is asked for and how many at once', async () => {
    const { origin } = await webServer(sound);
    const source = await open(`${origin}/disk.vmdk`);
    expect(source.length).toBe(CONTENT.length);
    const parts = [
      [0, 4],
      [256 * KIB - 2, 4],
      [100_000, 2 * MIB],
      [CONTENT.length - 5, 5],
      [12_345, 0],
      [777, 40_000],
    ] as const;
    const read = await Promise.all(parts.map(([offset, length]) => readBytes(source, offset, length)));
    expect(read.map((bytes, i) => bytes.equals(CONTENT.subarray(parts[i]?.[0], sum(parts[i]))))).toEqual(
      parts.map(() => true),
    );
    source.close();
    source.close();
  });

  it('costs few requests for many small reads that stand together', async () => {
    const { origin, requests } = await webServer(sound);
    const source = await open(`${origin}/disk.vmdk`);
    for (let offset = 0; offset < MIB; offset += 2048) await readBytes(source, offset, 512);
    // One to open, then 256 KiB at a time.
    expect(requests).toHaveLength(5);
    source.close();
  });

  it('is refused past its end with the code for a cut file', async () => {
    const { origin } = await webServer(sound);
    const source = await open(`${origin}/disk.vmdk`);
    await expect(readBytes(source, CONTENT.length - 1, 2)).rejects.toMatchObject({ code: 'VMDK_TRUNCATED' });
    source.close();
  });

  it('may be empty', async () => {
    const { origin } = await webServer((request, response) =>
      sendRange(request, response, { bytes: Buffer.alloc(0) }),
    );
    const source = await open(`${origin}/empty`);
    expect(source.length).toBe(0);
    source.close();
  });

  it('is asked for with its query and shown without', async () => {
    const { origin, requests } = await webServer(sound);
    const source = await open(`${origin}/a/disk.vmdk?signature=s3cret#part`);
    expect(source.path).toBe(`${origin}/a/disk.vmdk`);
    expect(requests.map(({ url }) => url)).toEqual(['/a/disk.vmdk?signature=s3cret']);
    source.close();
  });
});

function sum(part: readonly [number, number] | undefined): number {
  return (part?.[0] ?? 0) + (part?.[1] ?? 0);
}

describe('a server', () => {
  it.each<[string, RequestListener, string]>([
    ['without ranges', (_request, response) => response.end(CONTENT), 'HTTP_NO_RANGES'],
    [
      'that does not tell the length',
      (_request, response) => {
        response.writeHead(206, { 'content-range': 'bytes 0-0/*' });
        response.end('a');
      },
      'HTTP_NO_RANGES',
    ],
    ['without the file', status(404), 'SOURCE_NOT_FOUND'],
    ['that had the file', status(410), 'SOURCE_NOT_FOUND'],
    ['that wants to know who asks', status(401), 'SOURCE_UNAUTHORIZED'],
    ['that forbids it', status(403), 'SOURCE_UNAUTHORIZED'],
    ['that is broken for good', status(500), 'SOURCE_UNREADABLE'],
    ['that has a status of its own', status(418), 'SOURCE_UNREADABLE'],
    ['that hangs', hang, 'SOURCE_UNREADABLE'],
    ['that hangs up', reset, 'SOURCE_UNREADABLE'],
    ['that redirects in a circle', redirect((origin) => `${origin}/again`), 'SOURCE_UNREADABLE'],
    ['that redirects to nowhere', redirect(() => 'http://'), 'SOURCE_UNREADABLE'],
    ['that redirects to a file', redirect(() => 'file:///etc/passwd'), 'SOURCE_UNREADABLE'],
  ])('%s is refused', async (_, answer, code) => {
    const { origin } = await webServer(answer);
    const failure = await failureOf(open(`${origin}/disk.vmdk`));
    expect(failure).toMatchObject({ code, place: { file: `${origin}/disk.vmdk` } });
  });

  it('that is not there is refused', async () => {
    const failure = await failureOf(open('http://127.0.0.1:1/disk.vmdk'));
    expect(failure).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each<[string, RequestListener]>([
    ['answers 500', status(500)],
    ['answers 503', status(503)],
    ['answers 429', status(429)],
    ['resets the connection', reset],
    ['stops in the middle', stopInTheMiddle],
    ['hangs', hang],
  ])('that %s is asked three times', async (_, fail) => {
    const twice = await webServer(failing(2, fail));
    const helped = await open(`${twice.origin}/disk.vmdk`);
    expect((await readBytes(helped, 1000, MIB)).equals(CONTENT.subarray(1000, 1000 + MIB))).toBe(true);
    helped.close();

    const thrice = await webServer(failing(3, fail));
    const lost = await open(`${thrice.origin}/disk.vmdk`);
    const failure = await failureOf(readBytes(lost, 1000, MIB));
    expect(failure).toMatchObject({ code: 'SOURCE_UNREADABLE', place: { offset: 1000 } });
    lost.close();
  });

  it.each<[string, RequestListener]>([
    ['another tag', (request, response) => sendRange(request, response, { bytes: CONTENT, etag: '"2"' })],
    [
      'another length',
      (request, response) => sendRange(request, response, { bytes: CONTENT.subarray(0, 2 * MIB) }),
    ],
    ['less than before', (request, response) => sendRange(request, response, { bytes: Buffer.alloc(9) })],
  ])('whose file has %s all at once has changed it', async (_, changed) => {
    const { origin } = await webServer(afterOpening(changed));
    const source = await open(`${origin}/disk.vmdk`);
    const failure = await failureOf(readBytes(source, MIB, 64 * KIB));
    expect(failure.code).toBe('SOURCE_CHANGED');
    source.close();
  });

  it.each<[string, (range: string) => Record<string, string>, Buffer]>([
    ['another part', () => ({ 'content-range': `bytes 0-9/${CONTENT.length}` }), CONTENT.subarray(0, 10)],
    ['too little', (range) => ({ 'content-range': range }), CONTENT.subarray(0, 10)],
    ['too much', (range) => ({ 'content-range': range }), CONTENT.subarray(0, 70_000)],
    [
      'it packed',
      (range) => ({ 'content-range': range, 'content-encoding': 'gzip' }),
      CONTENT.subarray(0, 64 * KIB),
    ],
  ])('that sends %s is not believed', async (_, headers, body) => {
    const { origin } = await webServer(
      afterOpening((_request, response) => {
        response.writeHead(206, headers(`bytes 1024-${1023 + 64 * KIB}/${CONTENT.length}`));
        response.end(body);
      }),
    );
    const source = await open(`${origin}/disk.vmdk`);
    const target = Buffer.alloc(64 * KIB + 8, 0x55);
    const failure = await failureOf(source.read(target, 0, 64 * KIB, 1024));
    expect(failure.code).toBe('SOURCE_UNREADABLE');
    expect(target.subarray(64 * KIB)).toEqual(Buffer.alloc(8, 0x55));
    source.close();
  });
});

describe('a redirect', () => {
  it('is followed once and for all, without the credentials of the first server', async () => {
    const second = await webServer(sound);
    const first = await webServer(redirect(() => `${second.origin}/real.vmdk?token=1`));
    const source = await open(`${first.origin.replace('//', '//user:pw@')}/disk.vmdk`);
    await readBytes(source, 0, MIB);
    await readBytes(source, MIB, MIB);
    expect(first.requests.map(({ authorization }) => authorization)).toEqual([basic('user:pw')]);
    expect(second.requests.map(({ authorization }) => authorization)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(source.path).toBe(`${first.origin}/disk.vmdk`);
    source.close();
  });

  it('that has expired is asked for again', async () => {
    let valid = 1;
    const second: WebServer = await webServer((request, response) => {
      const fresh = request.url === `/real?token=${valid}`;
      (fresh ? sound : status(403))(request, response);
    });
    const first = await webServer((request, response) =>
      redirect(() => `${second.origin}/real?token=${valid}`)(request, response),
    );
    const source = await open(`${first.origin}/disk.vmdk`);
    valid = 2;
    expect((await readBytes(source, 5, 100)).equals(CONTENT.subarray(5, 105))).toBe(true);
    source.close();
  });
});

function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

describe('a source that is closed', () => {
  it('rejects reads under way at once', async () => {
    const { origin } = await webServer(afterOpening(hang));
    const source = await HttpSource.open(`${origin}/disk.vmdk`, { truncatedCode: 'VMDK_TRUNCATED' });
    const reads = [failureOf(readBytes(source, 0, 512)), failureOf(readBytes(source, MIB, MIB))];
    source.close();
    expect((await Promise.all(reads)).map(({ code }) => code)).toEqual(['CANCELED', 'CANCELED']);
  });

  it('does not wait for another attempt', async () => {
    const { origin, requests } = await webServer(afterOpening(status(503)));
    const source = await HttpSource.open(`${origin}/disk.vmdk`, {
      truncatedCode: 'VMDK_TRUNCATED',
      patience: { ...PATIENCE, retry: 3_600_000 },
    });
    const read = failureOf(readBytes(source, 0, MIB));
    await expect.poll(() => requests.length).toBe(2);
    source.close();
    expect((await read).code).toBe('CANCELED');
  });
});

describe('the password of a URL', () => {
  const password = encodeURIComponent(PASSWORD);

  it('is sent to the server', async () => {
    const { origin, requests } = await webServer(sound);
    const source = await open(`${origin.replace('//', `//user:${password}@`)}/disk.vmdk`);
    expect(requests[0]?.authorization).toBe(basic(`user:${PASSWORD}`));
    expect(source.path).toBe(`${origin}/disk.vmdk`);
    source.close();
  });

  it.each<[string, RequestListener]>([
    ['401', status(401)],
    ['404', status(404)],
    ['500', status(500)],
    ['no ranges', (_request, response) => response.end('all')],
    ['no answer', reset],
    ['a hanging server', hang],
    ['a loop', redirect((origin) => `${origin}/again`)],
    ['a changed file', afterOpening((...args) => sendRange(...args, { bytes: CONTENT, etag: '"2"' }))],
  ])('is in no error after %s', async (_, answer) => {
    const { origin } = await webServer(answer);
    const url = `${origin.replace('//', `//user:${password}@`)}/disk.vmdk?signature=s3cret`;
    expectNoSecret(await failureOf(open(url).then((source) => readBytes(source, 0, MIB))));
  });

  it.each([
    `http//user:${password}@host/disk?signature=s3cret`,
    `http://user:${password}@ho st/disk?signature=s3cret`,
    `ftp://user:${password}@host/disk?signature=s3cret`,
    `https://user:${password}@127.0.0.1:1/disk?signature=s3cret`,
  ])('is in no error about a URL that cannot be used', async (url) => {
    expectNoSecret(await failureOf(open(url)));
  });
});

function expectNoSecret(error: XenferryError): void {
  const told = [
    error.message,
    String(error.stack),
    inspect(error, { depth: null, showHidden: true }),
    describeError(error),
    JSON.stringify(error),
    JSON.stringify(error.cause) ?? '',
    JSON.stringify(serializeError(error)),
    JSON.stringify(toXenferryError(error).place),
  ].join('\n');
  for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), 's3cret', basic(`user:${PASSWORD}`)]) {
    expect(told).not.toContain(secret);
  }
}

describe('a server with a certificate of its own making', () => {
  const tls = selfSigned();
  const other = selfSigned();

  it('is read when its fingerprint was given, in whatever spelling', async () => {
    const { origin } = await webServer(sound, tls);
    for (const spelling of [tls.fingerprint, tls.fingerprint.replaceAll(':', '').toLowerCase()]) {
      const source = await open(`${origin}/disk.vmdk`, spelling);
      expect((await readBytes(source, 9, MIB)).equals(CONTENT.subarray(9, 9 + MIB))).toBe(true);
      source.close();
    }
  });

  it('is refused with both fingerprints when another was given, and sees no credentials', async () => {
    const { origin, requests } = await webServer(sound, tls);
    const url = `${origin.replace('//', '//user:pw@')}/disk.vmdk`;
    const failure = await failureOf(open(url, other.fingerprint));
    expect(failure.code).toBe('SOURCE_UNREADABLE');
    expect(failure.message).toContain(tls.fingerprint);
    expect(failure.message).toContain(other.fingerprint);
    expect(requests).toEqual([]);
  });

  it('is refused without a fingerprint, with a hint at it', async () => {
    const { origin } = await webServer(sound, tls);
    const failure = await failureOf(open(`${origin}/disk.vmdk`));
    expect(failure).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      hint: expect.stringContaining('fingerprint'),
    });
  });

  it('is not left for one without TLS', async () => {
    const plain = await webServer(sound);
    const { origin } = await webServer(
      redirect(() => `${plain.origin}/disk.vmdk`),
      tls,
    );
    const failure = await failureOf(open(`${origin}/disk.vmdk`, tls.fingerprint));
    expect(failure.message).toContain('redirects from https: to http:');
    expect(plain.requests).toEqual([]);
  });

  it.each([
    ['http://127.0.0.1:1/disk.vmdk', tls.fingerprint],
    ['https://127.0.0.1:1/disk.vmdk', 'AB:CD'],
  ])('%s with the fingerprint %s is a mistake', async (url, fingerprint) => {
    expect((await failureOf(open(url, fingerprint))).code).toBe('CONFIG_INVALID');
  });
});
