import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { onTestFinished } from 'vitest';

export interface SeenMail {
  /** As it came, headers and parts. */
  readonly source: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly secure: boolean;
  /** Who had logged in. */
  readonly user: string | null;
}

export interface MailServer {
  readonly port: number;
  readonly mails: readonly SeenMail[];
}

/** A mail server on 127.0.0.1 until the test ends. */
export async function mailServer(options: SMTPServerOptions): Promise<MailServer> {
  const mails: SeenMail[] = [];
  const server = new SMTPServer({
    logger: false,
    onData(stream, { envelope, secure, user }, done) {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        const source = Buffer.concat(parts).toString();
        mails.push({ source, from, to, secure, user: typeof user === 'string' ? user : null });
        done();
      });
    },
    ...options,
  });
  // Clients that go away in the middle are part of the tests.
  server.on('error', () => {});
  const port = await new Promise<number>((resolve, reject) => {
    const listening = server.listen(0, '127.0.0.1', () => {
      const address = listening.address();
      if (address === null || typeof address === 'string') reject(new Error('no port'));
      else resolve(address.port);
    });
  });
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port, mails };
}
