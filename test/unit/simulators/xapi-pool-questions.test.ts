import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SimulatedPool, startPool } from '../../simulators/xapi-pool/index.js';
import { logIn, POOL_CERTIFICATE, type XapiCaller } from '../../support/xapi-caller.js';

let pool: SimulatedPool;
let root: XapiCaller;

beforeAll(async () => {
  pool = await startPool({
    certificate: POOL_CERTIFICATE,
    hosts: [{ name: 'north' }, { name: 'south' }],
    users: [
      { name: 'root', password: 'simulated', role: 'pool-admin' },
      { name: 'vera', password: 'simulated', role: 'vm-admin' },
    ],
    timings: { asyncMs: 5000 },
  });
  root = await logIn(pool.url);
});

afterAll(() => pool.close());

async function hostsWhere(expression: string): Promise<readonly string[]> {
  const found = await root.call('host.get_all_records_where', expression);
  return Object.keys(Object(found)).map((ref) => pool.objects.find('host', ref)?.text('name_label') ?? '');
}

describe('objects are found', () => {
  it('by name and by UUID', async () => {
    const north = pool.objects.named('host', 'north');
    expect(await root.call('host.get_by_name_label', 'north')).toEqual([north.ref]);
    expect(await root.call('host.get_by_name_label', 'east')).toEqual([]);
    expect(await root.call('host.get_by_uuid', north.text('uuid'))).toBe(north.ref);
    await expect(root.call('host.get_by_uuid', 'none')).rejects.toThrow('UUID_INVALID host none');
  });

  it.each([
    ['true', ['north', 'south']],
    ['false', []],
    ['field "name__label" = "north"', ['north']],
    ['"north" = field "name__label"', ['north']],
    ['field "enabled" = "true"', ['north', 'south']],
    ['field "name__label" = "north" or field "name__label" = "south"', ['north', 'south']],
    ['field "enabled"="true" and (field "name__label" = "south")', ['south']],
    ['not field "name__label" = "north"', ['south']],
    // What is denied reaches to the end.
    ['not field "name__label" = "north" or true', []],
    // Both bind alike, from the left.
    ['true or field "name__label" = "north" and false', []],
    ['field "memory__overhead" = "0"', ['north', 'south']],
  ])('where %s', async (expression, names) => {
    expect(await hostsWhere(expression)).toEqual(names);
  });

  it.each([
    '',
    'field "name__label"',
    'field name__label = "x"',
    'field "nothing" = "x"',
    // The database has another name for it than the API.
    'field "name_label" = "north"',
    '(true',
    'true)',
    'true true',
    '('.repeat(5000),
  ])('not by what is no question: %.30s', async (expression) => {
    await expect(hostsWhere(expression)).rejects.toThrow('INTERNAL_ERROR');
  });
});

describe('task.cancel', () => {
  async function halted(name: string): Promise<string> {
    const template = pool.objects.named('VM', 'Other install media').ref;
    const vm = await root.text('VM.clone', template, name);
    await root.call('VM.set_is_a_template', vm, false);
    return vm;
  }

  it('ends what looks at it, which says so beforehand', async () => {
    const vm = await halted('not started');
    const task = await root.text('Async.VM.start', vm, false, false);
    expect(await root.call('task.get_allowed_operations', task)).toEqual(['cancel']);
    await root.call('task.cancel', task);
    await expect.poll(() => root.call('task.get_status', task)).toBe('cancelled');
    expect(await root.call('task.get_error_info', task)).toEqual(['TASK_CANCELLED', task]);
    expect(await root.call('VM.get_power_state', vm)).toBe('Halted');
    // Too late, and no harm.
    await root.call('task.cancel', task);
  });

  it('is a wish and no more for all else', async () => {
    const task = await root.text('task.create', 'an upload', '');
    expect(await root.call('task.get_allowed_operations', task)).toEqual([]);
    await root.call('task.cancel', task);
    expect(await root.call('task.get_record', task)).toMatchObject({
      status: 'pending',
      current_operations: { [task]: 'cancel' },
    });
  });

  it('takes a role that may do so for somebody else’s', async () => {
    const vera = await logIn(pool.url, 'vera');
    const [own, other] = [
      await vera.text('task.create', 'own', ''),
      await root.text('task.create', 'other', ''),
    ];
    await vera.call('task.cancel', own);
    await expect(vera.call('task.cancel', other)).rejects.toThrow('RBAC_PERMISSION_DENIED task.destroy/any');
    await root.call('task.cancel', own);
  });

  it('is refused for a task that is none', async () => {
    await expect(root.call('task.cancel', 'OpaqueRef:no')).rejects.toThrow(
      'HANDLE_INVALID task OpaqueRef:no',
    );
  });
});
