import { type ByteSource, checkInside } from '../io/byte-source.js';
import { ReadAhead } from '../io/read-ahead.js';
import { type ErrorCode, type ErrorPlace, XenferryError } from '../model/errors.js';
import { checkPart, type FileVersion, learnVersion, onlyIfSame } from './file-version.js';
import type { Answer, ClientOptions, HttpClient } from './http-client.js';
import { type HttpTarget, parseHttpUrl } from './http-url.js';

interface HttpOptions extends ClientOptions {
  /** What a read past the end rejects with. */
  readonly truncatedCode: ErrorCode;
  /** Whether only another length means another file: for servers whose dates are not the content's. */
  readonly sameByLength?: boolean | undefined;
}

/** A file on an HTTP server, read in ranges where it lies. */
export class HttpSource implements ByteSource {
  readonly path: string;
  readonly length: number;
  readonly #client: HttpClient;
  readonly #version: FileVersion;
  readonly #truncatedCode: ErrorCode;

  private constructor(
    { shown }: HttpTarget,
    client: HttpClient,
    version: FileVersion,
    truncatedCode: ErrorCode,
  ) {
    this.path = shown;
    this.length = version.length;
    this.#client = client;
    this.#version = version;
    this.#truncatedCode = truncatedCode;
  }

  /**
   * Opens a file by its URL; `user:password@` in it is sent as Basic authentication and shown nowhere. Small reads go
   * through a read-ahead. Rejects with CONFIG_INVALID, HTTP_NO_RANGES, SOURCE_NOT_FOUND, SOURCE_UNAUTHORIZED,
   * SOURCE_UNREADABLE; reads also with SOURCE_CHANGED, and with CANCELED when the source is closed meanwhile.
   */
  static async open(
    url: string,
    { truncatedCode, sameByLength, ...options }: HttpOptions,
  ): Promise<ByteSource> {
    const target = parseHttpUrl(url);
    // Loading undici takes longer than most commands: only who reads over HTTP pays for it.
    const { HttpClient } = await import('./http-client.js');
    const client = new HttpClient(target, options);
    try {
      // A HEAD would not tell whether ranges work.
      const version = await client.get(0, 1, {}, async (answer) =>
        learnVersion(answer, { file: target.shown }),
      );
      const known =
        sameByLength === true ? { ...version, etag: undefined, lastModified: undefined } : version;
      return new ReadAhead(new HttpSource(target, client, known, truncatedCode));
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async read(target: Uint8Array, start: number, length: number, offset: number): Promise<void> {
    checkInside(this, length, offset, this.#truncatedCode);
    if (length === 0) return;
    const place = { file: this.path, offset };
    const part = target.subarray(start, start + length);
    await this.#client.get(offset, length, onlyIfSame(this.#version), async (answer) => {
      checkPart(answer, this.#version, offset, length, place);
      await fill(part, answer, place);
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** Rejects unless the answer has just as many bytes as `part`. */
async function fill(part: Uint8Array, { body }: Answer, place: ErrorPlace): Promise<void> {
  let done = 0;
  for await (const chunk of body) {
    const bytes: Uint8Array = chunk;
    if (bytes.length > part.length - done) throw wrongLength('more', part, place);
    part.set(bytes, done);
    done += bytes.length;
  }
  if (done < part.length) throw wrongLength('less', part, place);
}

function wrongLength(what: string, { length }: Uint8Array, place: ErrorPlace): XenferryError {
  return new XenferryError('SOURCE_UNREADABLE', `the server sends ${what} than ${length} bytes`, place);
}
