import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type ConvertedFile,
  convertFile,
  OUTPUT_FORMATS,
  type OutputFormat,
} from '../../coordinator/convert-file.js';
import { convertStream } from '../../coordinator/convert-stream.js';
import { isAddress } from '../../coordinator/input-image.js';
import { IMAGE_FORMATS, type ImageFormat } from '../../images/index.js';
import { XenferryError } from '../../model/errors.js';
import { formatBytes, formatRate, formatSeconds } from '../../model/format.js';
import type { Command } from '../command.js';
import { DIGEST_OPTION } from '../digest-option.js';
import { interruptible } from '../interrupt.js';
import { progressText } from '../live-view.js';
import { type CommonOptions, note, printJson, printLine } from '../output.js';
import { countOption } from '../threads.js';
import { Throughput } from '../throughput.js';

interface Options extends CommonOptions {
  readonly in: string;
  readonly out: string;
  readonly format: OutputFormat | undefined;
  readonly workers: number | undefined;
  readonly digest: 'xxh64' | 'sha256';
  readonly force: boolean;
  readonly 'input-format': ImageFormat | undefined;
  readonly parent: string | undefined;
  readonly overlay: string | undefined;
  readonly 'tls-fingerprint': string | undefined;
}

export const convertCommand: Command<Options> = {
  builder: (args) =>
    args
      .positional('in', {
        type: 'string',
        demandOption: true,
        describe: 'A VMDK, VHD, qcow2 or raw image: a path, EXPORT.ova/DISK.vmdk, https:// or nbd:// address',
      })
      .positional('out', {
        type: 'string',
        demandOption: true,
        describe: 'File to write, or - for a pipe',
        // Yargs makes empty text of a lone dash.
        coerce: (out: string) => out || '-',
      })
      .option('format', {
        choices: OUTPUT_FORMATS,
        requiresArg: true,
        describe: "Default by OUT's extension, else vhd; xva makes a machine with this one disk",
      })
      .option('workers', {
        type: 'number',
        requiresArg: true,
        describe: 'Threads; default one per processor',
      })
      .option('digest', DIGEST_OPTION)
      .option('input-format', {
        choices: IMAGE_FORMATS,
        requiresArg: true,
        describe: "Default: by the input's own bytes",
      })
      .option('parent', {
        type: 'string',
        requiresArg: true,
        describe: 'A VHD: write only what IN, a snapshot, changed, as a differencing VHD on it',
      })
      .option('overlay', {
        type: 'string',
        requiresArg: true,
        describe: "A qcow2 layer whose clusters stand for IN's own",
      })
      .option('tls-fingerprint', {
        type: 'string',
        requiresArg: true,
        describe: 'SHA-256 of the one certificate to trust for https, in hex',
      })
      .option('force', { type: 'boolean', default: false, describe: 'Replace OUT' })
      .example('$0 convert disk.vmdk disk.vhd', 'A dynamic VHD as XenServer makes it')
      .example('$0 convert disk.vmdk disk.img --format raw', 'A sparse raw image')
      .example('$0 convert disk.vmdk - --format raw | ssh host dd of=/dev/vg/disk bs=2M', 'A pipe'),
  handler: async (options) => {
    const threads = countOption('workers', options.workers);
    const format =
      options.format ?? OUTPUT_FORMATS.find((known) => options.out.endsWith(`.${known}`)) ?? 'vhd';
    if (options.out === '-' && options.parent !== undefined)
      throw new XenferryError('CONFIG_INVALID', 'a VHD on a parent must be a file beside it, not a pipe');
    const throughput = new Throughput();
    const startedAt = Date.now();
    const common = {
      format,
      threads,
      digest: options.digest,
      input: isAddress(options.in) ? options.in : resolve(options.in),
      inputFormat: options['input-format'] ?? null,
      overlay: options.overlay === undefined ? undefined : resolve(options.overlay),
      tlsFingerprint: options['tls-fingerprint'],
    };
    const onProgress = ({ doneBytes, totalBytes }: { doneBytes: number; totalBytes: number }) => {
      throughput.update(doneBytes);
      if (process.stderr.isTTY !== true || options.json) return;
      process.stderr.write(`\r\u001b[K${progressText(doneBytes, totalBytes, throughput.bytesPerSecond)}`);
    };
    const result = await interruptible((signal) =>
      options.out === '-'
        ? convertStream({
            ...common,
            signal,
            onProgress,
            output: process.stdout,
            scratch: join(tmpdir(), `xenferry-${process.pid}.source.partial`),
          })
        : convertFile({
            ...common,
            signal,
            onProgress,
            output: resolve(options.out),
            parent: options.parent === undefined ? undefined : resolve(options.parent),
            force: options.force,
          }),
    );
    if (process.stderr.isTTY === true && !options.json) process.stderr.write('\r\u001b[K');
    for (const message of result.notes) note(`note: ${message}`);
    tell(result, (Date.now() - startedAt) / 1000, options.json);
  },
};

/** On standard error where the disk itself goes to standard output. */
function tell(result: ConvertedFile, seconds: number, json: boolean): void {
  const { output, dataBytes, fileBytes } = result;
  const text = `${output}: ${formatBytes(fileBytes)}, ${formatBytes(dataBytes)} of data in ${formatSeconds(seconds)}, ${formatRate(dataBytes, seconds)}`;
  if (output === '-') note(json ? JSON.stringify({ ...result, seconds }) : text);
  else if (json) printJson({ ...result, seconds });
  else printLine(text);
}
