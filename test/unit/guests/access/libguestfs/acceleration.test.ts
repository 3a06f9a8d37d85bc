import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { probeAcceleration } from '../../../../../src/guests/access/libguestfs/acceleration.js';
import { failureOf } from '../../../../support/failure.js';
import { tempFiles } from '../../../../support/temp-files.js';
import { standIn } from './stand-in.js';

const { folder } = tempFiles();

afterEach(() => vi.unstubAllEnvs());

/** A machine with the device file, on which starting the appliance does what `start` says. */
async function machine(name: string, start: string) {
  const own = join(folder, name);
  await standIn(join(own, 'bin'), `-run*) echo run >>'${own}/starts'; ${start} ;;`);
  vi.stubEnv('PATH', `${join(own, 'bin')}${delimiter}${process.env.PATH}`);
  const device = join(own, 'kvm');
  await writeFile(device, '');
  const starts = async () => (await readFile(join(own, 'starts'), 'utf8')).split('\n').length - 1;
  const options = { workFolder: join(own, 'work'), cacheFolder: join(own, 'cache'), device, limit: 500 };
  return { options, starts };
}

describe('probeAcceleration', () => {
  it('starts nothing where there is no device', async () => {
    const { options } = await machine('none', 'true');
    const verdict = await probeAcceleration({ ...options, device: join(folder, 'nothing') });
    expect(verdict.acceleration).toBe('tcg');
  });

  it('trusts KVM under which the appliance starts, and remembers it', async () => {
    const { options, starts } = await machine('works', 'true');
    const verdict = await probeAcceleration(options);
    expect(verdict.acceleration).toBe('kvm');
    await verdict.remember();
    expect((await probeAcceleration(options)).acceleration).toBe('kvm');
    expect(await starts()).toBe(1);
  });

  it.each([
    ['crashes', 'exit 134'],
    ['fails', 'echo "libguestfs: error: appliance closed the connection unexpectedly" >&2'],
    ['hangs', 'sleep 1000'],
  ])('does not trust a device under which the appliance %s', async (name, start) => {
    const { options } = await machine(name, start);
    expect((await probeAcceleration(options)).acceleration).toBe('tcg');
  });

  it('asks again when the verdict was not confirmed, is of another boot, or is damaged', async () => {
    const { options, starts } = await machine('again', 'exit 1');
    await probeAcceleration(options);
    const verdict = await probeAcceleration(options);
    expect(await starts()).toBe(2);
    await verdict.remember();
    const file = join(options.cacheFolder, 'kvm-probe');
    const kept = await readFile(file, 'utf8');
    await writeFile(file, `00000000-0000-0000-0000-000000000000\nkvm\n`);
    expect((await probeAcceleration(options)).acceleration).toBe('tcg');
    await writeFile(file, kept.replace('tcg', '?'));
    expect((await probeAcceleration(options)).acceleration).toBe('tcg');
    expect(await starts()).toBe(4);
  });

  it('says when the program is missing', async () => {
    const { options } = await machine('missing', 'true');
    vi.stubEnv('PATH', join(folder, 'nothing'));
    expect((await failureOf(probeAcceleration(options))).code).toBe('TOOL_MISSING');
  });
});
