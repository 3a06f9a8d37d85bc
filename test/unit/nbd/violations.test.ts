import { describe, expect, it } from 'vitest';
import { readBytes } from '../../../src/io/byte-source.js';
import { KIB } from '../../../src/model/units.js';
import { type NbdSource, openNbd } from '../../../src/nbd/index.js';
import { failureOf } from '../../support/failure.js';
import {
  chunk,
  FAKE_BYTES,
  FAKE_CONTEXT,
  type FakeNbd,
  type FakeRequest,
  fakeNbd,
  goReply,
  optionReply,
  simpleReply,
  uint16,
  uint32,
  uint64,
} from '../../support/fake-nbd.js';

const DONE = 1;
const [DATA, HOLE, STATUS, ERROR] = [1, 2, 5, 0x8001] as const;
const READ = 0;
const EXPORT_NAME = 1;
const GO = 7;
const HUGE = 0xffff_fff0;

async function open(behaviour: FakeNbd): Promise<NbdSource> {
  const patience = { connect: 1000, idle: 300 };
  return await openNbd(await fakeNbd(behaviour), { truncatedCode: 'VMDK_TRUNCATED', patience });
}

function data(request: FakeRequest, flags: number, offset: number, bytes: Buffer): Buffer {
  return chunk(request, flags, DATA, Buffer.concat([uint64(offset), bytes]));
}

function hole(request: FakeRequest, flags: number, offset: number, length: number): Buffer {
  return chunk(request, flags, HOLE, Buffer.concat([uint64(offset), uint32(length)]));
}

describe('a handshake', () => {
  it.each<[string, FakeNbd]>([
    ['by a web server', { greeting: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }],
    [
      'of the oldest kind',
      { greeting: Buffer.concat([Buffer.from('NBDMAGIC'), uint64(0x420281861253n), Buffer.alloc(136)]) },
    ],
    ['of an unknown kind', { greeting: Buffer.from('NBDMAGICNEWMAGIC\0\x03', 'latin1') }],
    ['that answers another option', { option: () => optionReply(99, 1) }],
    ['that answers with noise', { option: () => Buffer.alloc(64, 0x77) }],
    ['with an endless answer', { option: (option) => repeat(100, optionReply(option, 3, uint16(9))) }],
    ['that announces 4 GiB of words', { option: (option) => optionReply(option, 1).fill(0xff, 16, 20) }],
    ['without the size of the export', { option: only(GO, optionReply(GO, 1)) }],
    ['for an export of 16 EiB', { option: only(GO, goReply(2n ** 64n - 1n)) }],
    ['with blocks of no bytes', { option: only(GO, goReply(FAKE_BYTES, [0, 4096, 65_536])) }],
    ['with odd blocks', { option: only(GO, goReply(FAKE_BYTES, [513, 4096, 65_536])) }],
    ['with enormous blocks', { option: only(GO, goReply(FAKE_BYTES, [2 ** 31, 2 ** 31, 2 ** 31])) }],
    ['with blocks of which none fits', { option: only(GO, goReply(FAKE_BYTES, [4096, 4096, 512])) }],
  ])('%s is refused', async (_, behaviour) => {
    expect((await failureOf(open(behaviour))).code).toBe('NBD_PROTOCOL');
  });

  it.each([
    [0x8000_0002, 'SOURCE_UNAUTHORIZED'],
    [0x8000_0006, 'SOURCE_NOT_FOUND'],
    [0x8000_0007, 'SOURCE_UNREADABLE'],
  ])('that ends with the error %i is told as %s, with the server’s words made harmless', async (type, code) => {
    const refusal = optionReply(GO, type, Buffer.from('not\u001b[2J today'));
    const failure = await failureOf(open({ option: only(GO, refusal) }));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain('not?[2J today');
  });

  it('without GO goes the old way', async () => {
    const source = await open({
      lastOption: EXPORT_NAME,
      option: (option) => {
        if (option === GO) return optionReply(GO, 0x8000_0001);
        return option === EXPORT_NAME ? Buffer.concat([uint64(FAKE_BYTES), uint16(1)]) : undefined;
      },
      request: (request) => data(request, DONE, request.offset, Buffer.alloc(request.length, 4)),
    });
    expect(source.length).toBe(FAKE_BYTES);
    expect(await readBytes(source, 512, 2)).toEqual(Buffer.alloc(2, 4));
    source.close();
  });

  it('that stops is not waited for', async () => {
    const failure = await failureOf(open({ greeting: Buffer.from('NBDMAGIC') }));
    expect(failure).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining('no answer in time'),
      hint: expect.stringContaining('--shared'),
    });
  });
});

function only(option: number, reply: Buffer): (asked: number) => Buffer | undefined {
  return (asked) => (asked === option ? reply : undefined);
}

function repeat(times: number, bytes: Buffer): Buffer {
  return Buffer.concat(Array.from({ length: times }, () => bytes));
}

describe('an answer to a read', () => {
  it('may come in pieces, in any order, with holes', async () => {
    const source = await open({
      request: (request) =>
        Buffer.concat([
          hole(request, 0, 3072, 1024),
          data(request, 0, 0, Buffer.alloc(1024, 1)),
          data(request, 0, 2048, Buffer.alloc(1024, 3)),
          data(request, 0, 1024, Buffer.alloc(1024, 2)),
          chunk(request, DONE, 0),
        ]),
    });
    const bytes = await readBytes(source, 0, 4096);
    expect([0, 1023, 1024, 2047, 2048, 3071, 3072, 4095].map((at) => bytes[at])).toEqual([
      1, 1, 2, 2, 3, 3, 0, 0,
    ]);
    source.close();
  });

  it.each<[string, (request: FakeRequest) => Buffer]>([
    ['that is noise', () => Buffer.alloc(64, 0x11)],
    ['to no request', (request) => data({ ...request, cookie: uint64(99) }, DONE, 0, Buffer.alloc(4096))],
    ['in the simple way when the other was agreed on', (request) => simpleReply(request, Buffer.alloc(4096))],
    ['that leaves out a part', (request) => data(request, DONE, 0, Buffer.alloc(4095))],
    ['without content', (request) => chunk(request, DONE, 0)],
    ['that ends without an end', (request) => chunk(request, 0, 0)],
    [
      'that sends a part twice and another not at all',
      (request) =>
        Buffer.concat([data(request, 0, 0, Buffer.alloc(2048)), data(request, DONE, 0, Buffer.alloc(2048))]),
    ],
    ['from before what was asked for', (request) => data(request, DONE, 0, Buffer.alloc(4097))],
    ['from far behind', (request) => data(request, DONE, 2 ** 52, Buffer.alloc(4096))],
    ['that is longer', (request) => chunk(request, DONE, DATA, uint64(0), HUGE)],
    ['with a chunk of no bytes', (request) => chunk(request, DONE, DATA, uint64(0))],
    ['with a hole that is longer', (request) => hole(request, DONE, 0, HUGE)],
    ['with a hole of an odd shape', (request) => chunk(request, DONE, HOLE, Buffer.alloc(13))],
    ['with an unknown chunk', (request) => chunk(request, DONE, 77, Buffer.alloc(8))],
    ['with an endless error', (request) => chunk(request, DONE, ERROR, Buffer.alloc(0), HUGE)],
    ['with an error too short to be one', (request) => chunk(request, DONE, ERROR, Buffer.alloc(2))],
    [
      'with the answer to another kind of request',
      (request) =>
        chunk(request, DONE, STATUS, Buffer.concat([uint32(FAKE_CONTEXT), uint32(512), uint32(0)])),
    ],
  ])('%s is refused, and nothing beside the target is touched', async (_, request) => {
    const source = await open({ request });
    const target = Buffer.alloc(8 * KIB, 0x55);
    const failure = await failureOf(source.read(target, 2048, 4096, 0));
    expect(failure.code).toBe('NBD_PROTOCOL');
    expect(target.subarray(0, 2048)).toEqual(Buffer.alloc(2048, 0x55));
    expect(target.subarray(6144)).toEqual(Buffer.alloc(2048, 0x55));
    expect((await failureOf(readBytes(source, 0, 1))).code).toBe('NBD_PROTOCOL');
    source.close();
  });

  it('that is an error fails this read alone', async () => {
    const text = Buffer.from('bad\u0007 disk');
    const source = await open({
      request: (request) =>
        request.offset === 0
          ? chunk(request, DONE, ERROR, Buffer.concat([uint32(5), uint16(text.length), text]))
          : data(request, DONE, request.offset, Buffer.alloc(request.length, 9)),
    });
    const failure = await failureOf(readBytes(source, 0, 512));
    expect(failure).toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: 'the server cannot read (EIO): bad? disk',
      place: { offset: 0 },
    });
    expect(await readBytes(source, 512, 3)).toEqual(Buffer.alloc(3, 9));
    source.close();
  });

  it('that stops in the middle is not waited for', async () => {
    const source = await open({
      request: (request) => chunk(request, DONE, DATA, Buffer.alloc(100), 4104),
    });
    expect((await failureOf(readBytes(source, 0, 4096))).message).toContain('no answer in time');
    source.close();
  });
});

describe('an answer about data and holes', () => {
  const status = (request: FakeRequest, ...numbers: number[]) =>
    chunk(request, DONE, STATUS, Buffer.concat(numbers.map(uint32)));

  it('may end early or go beyond what was asked', async () => {
    const source = await open({
      option: only(GO, goReply(16 * FAKE_BYTES)),
      request: (request) =>
        request.offset === 0
          ? status(request, FAKE_CONTEXT, FAKE_BYTES, 0, 4 * FAKE_BYTES, 3)
          : status(request, FAKE_CONTEXT, HUGE, 0),
    });
    expect(await source.dataRanges()).toEqual([
      { start: 0, end: FAKE_BYTES },
      { start: 5 * FAKE_BYTES, end: 16 * FAKE_BYTES },
    ]);
    source.close();
  });

  it('that says hole but not zeros is data', async () => {
    const source = await open({ request: (request) => status(request, FAKE_CONTEXT, FAKE_BYTES, 1) });
    expect(await source.dataRanges()).toEqual([{ start: 0, end: FAKE_BYTES }]);
    source.close();
  });

  it.each<[string, (request: FakeRequest) => Buffer]>([
    ['in the simple way', (request) => simpleReply(request, Buffer.alloc(0))],
    ['about nothing', (request) => status(request, FAKE_CONTEXT)],
    ['with a run of no bytes', (request) => status(request, FAKE_CONTEXT, 0, 0)],
    ['about something else', (request) => status(request, FAKE_CONTEXT + 1, 512, 0)],
    ['of an odd shape', (request) => status(request, FAKE_CONTEXT, 512)],
    ['of 4 GiB', (request) => chunk(request, DONE, STATUS, uint32(FAKE_CONTEXT), 0xffff_fffc)],
    ['that is content', (request) => data(request, DONE, 0, Buffer.alloc(16))],
    ['that never comes', (request) => chunk(request, DONE, 0)],
  ])('%s is refused', async (_, answer) => {
    const source = await open({
      request: (request) => (request.command === READ ? Buffer.alloc(0) : answer(request)),
    });
    expect((await failureOf(source.dataRanges())).code).toBe('NBD_PROTOCOL');
    source.close();
  });
});
