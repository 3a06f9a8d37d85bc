import type { Row } from '../database.js';
import { asFailure, XapiFailure } from '../failure.js';
import type { Fault } from '../fault.js';
import { changeMaster, fill, nextMaster, takeDown } from '../outages.js';
import type { PoolState } from '../pool-state.js';
import { dispatch, LIST_METHODS } from '../rpc/dispatch.js';
import { jsonText, parseJson } from '../rpc/json-text.js';
import { type RpcValue, struct, texts, textValue } from '../rpc/rpc-value.js';
import { parseMethodCall, xmlValue } from '../rpc/xml-text.js';

export interface RpcAnswer {
  readonly type: string;
  readonly body: string;
}

/** What a call may still do before it is answered: a status or nothing instead of an answer. */
export class NoAnswer extends Error {
  readonly status: number | undefined;

  constructor(status?: number) {
    super('no answer');
    this.status = status;
  }
}

class Booting extends Error {}

/** Which repository a call that creates a disk names. */
function namedRepository(state: PoolState, params: readonly RpcValue[]): Row | undefined {
  const sr = params.flatMap((one) => (one.kind === 'struct' ? [one.members.get('SR')] : []))[0];
  return sr?.kind === 'string' ? state.database.find('SR', sr.value) : undefined;
}

interface Calling {
  readonly state: PoolState;
  readonly host: Row;
  readonly params: readonly RpcValue[];
}

/** What goes wrong before the call is carried out. */
async function meet({ state, host, params }: Calling, fault: Fault): Promise<void> {
  const session = params[0]?.kind === 'string' ? params[0].value : '';
  switch (fault.kind) {
    case 'failure':
      throw new XapiFailure(fault.code, fault.params);
    case 'status':
      throw new NoAnswer(fault.status);
    case 'booting':
      throw new Booting();
    case 'session-lost':
      state.sessions.drop(session);
      throw new XapiFailure('SESSION_INVALID', [session]);
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, fault.delayMs ?? 0));
      return;
    case 'cut':
      throw new NoAnswer();
    case 'io-error':
      throw new XapiFailure('VDI_IO_ERROR', ['Device I/O errors']);
    case 'sr-full': {
      const sr = namedRepository(state, params);
      if (sr !== undefined) {
        fill(state, sr, fault.forMs);
      }
      return;
    }
    case 'host-down':
      takeDown(state, host, fault.backAfterMs);
      throw new NoAnswer();
    case 'new-master':
      changeMaster(state, nextMaster(state, fault.host));
      throw new NoAnswer();
    default:
      return;
  }
}

async function call(
  state: PoolState,
  host: Row,
  method: string,
  params: readonly RpcValue[],
): Promise<RpcValue> {
  if (state.booting.has(host.ref)) {
    throw new Booting();
  }
  const faults = state.faults.meet(method);
  for (const fault of faults) {
    await meet({ state, host, params }, fault);
  }
  const result = await dispatch(state, host, method, params);
  const task = result.kind === 'string' ? state.database.find('task', result.value) : undefined;
  for (const fault of faults) {
    if (fault.kind === 'slow-task' && task !== undefined) {
      state.tasks.delay(task.ref, fault.delayMs);
    }
  }
  if (task !== undefined && faults.some(({ kind }) => kind === 'task-lost')) {
    state.tasks.destroy(task);
  }
  if (faults.some(({ kind }) => kind === 'answer-lost')) {
    throw new NoAnswer();
  }
  return result;
}

/** JSON-RPC 2.0, and 1.0 for who does not say which; throws for what is neither. */
export async function jsonRpc(state: PoolState, host: Row, text: string): Promise<RpcAnswer> {
  const parsed = parseJson(text);
  const members = parsed.kind === 'struct' ? parsed.members : new Map<string, RpcValue>();
  const [version, id, method] = [members.get('jsonrpc'), members.get('id'), members.get('method')];
  const second = version !== undefined;
  if (second && (version.kind !== 'string' || version.value !== '2.0')) {
    throw new SyntaxError('not JSON-RPC 2.0');
  }
  if ((id?.kind !== 'int' && id?.kind !== 'string') || method?.kind !== 'string') {
    throw new SyntaxError('not a call');
  }
  const given = members.get('params');
  const params = given?.kind === 'array' ? given.items : given === undefined ? [] : [given];
  const answer = (rest: Readonly<Record<string, RpcValue>>, answered: RpcValue = id): RpcAnswer => ({
    type: 'application/json',
    body: jsonText(struct({ ...(second ? { jsonrpc: textValue('2.0') } : {}), ...rest, id: answered })),
  });
  try {
    const result = await call(state, host, method.value, params);
    return answer(second ? { result } : { result, error: { kind: 'null' } });
  } catch (error) {
    if (error instanceof NoAnswer) {
      throw error;
    }
    if (error instanceof Booting) {
      return answer({ error: texts(['HOST_STILL_BOOTING']) }, { kind: 'int', value: 0 });
    }
    const failure = asFailure(error);
    const code: RpcValue = { kind: 'int', value: 1 };
    const told = { code, message: textValue(failure.code), data: texts(failure.params) };
    return answer(
      second ? { error: struct(told) } : { result: { kind: 'null' }, error: texts(failure.description) },
    );
  }
}

/** XML-RPC as the pool's own clients speak it; throws for what is none. */
export async function xmlRpc(state: PoolState, host: Row, text: string): Promise<RpcAnswer> {
  const { method, params } = parseMethodCall(text);
  const answer = (value: RpcValue): RpcAnswer => ({
    type: 'text/xml',
    body: `<?xml version="1.0"?><methodResponse><params><param>${xmlValue(value)}</param></params></methodResponse>`,
  });
  const failed = (description: readonly string[]): RpcAnswer =>
    answer(struct({ Status: textValue('Failure'), ErrorDescription: texts(description) }));
  try {
    const value = await call(state, host, method, params);
    // What is no method of the API is not answered as one either.
    return method === LIST_METHODS
      ? answer(value)
      : answer(struct({ Status: textValue('Success'), Value: value }));
  } catch (error) {
    if (error instanceof NoAnswer) {
      throw error;
    }
    return failed(error instanceof Booting ? ['HOST_STILL_BOOTING'] : asFailure(error).description);
  }
}
