import { request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { SimulatedVcenter } from './simulated-vcenter.js';

/** A reference as the API writes it. */
export interface ManagedObject {
  readonly type: string;
  readonly value: string;
}

export interface VcenterAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
  /** The connection has broken before the answer was whole. */
  readonly broken: boolean;
}

export interface VcenterRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a call or a task failed with; its name is the fault's, as `InvalidLogin`. */
class VimFault extends Error {
  constructor(name: string, message: string) {
    super(`${name}: ${message}`);
    this.name = name;
  }
}

/** The vSphere API as it is on the wire, for tests: the project's own client is not asked about itself. */
export interface VcenterCaller {
  /** The text of the answer's `returnval`; throws VimFault. `inner`: the arguments as XML. */
  call(method: string, on: ManagedObject, inner?: string): Promise<string>;
  /** Waits for the task that a method starts: its result, as XML; throws VimFault. */
  task(method: string, on: ManagedObject, inner?: string): Promise<string>;
  /** Properties of one object, each as XML. */
  properties(of: ManagedObject, ...paths: readonly string[]): Promise<Map<string, string>>;
  /** The first object of a type, in order of their references, whose name it is if one is given. */
  find(type: string, name?: string): Promise<ManagedObject>;
  /** A file of a datastore, or of a lease. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<VcenterAnswer>;
  /** Anything else over HTTP. */
  send(path: string, what: VcenterRequest): Promise<VcenterAnswer>;
}

const SERVICE: ManagedObject = { type: 'ServiceInstance', value: 'ServiceInstance' };

/** Calls that carry no session. */
export function vcenterCaller(vcenter: SimulatedVcenter, cookie = ''): VcenterCaller {
  const send = (path: string, what: VcenterRequest) => http(vcenter, path, cookie, what);
  const call = async (method: string, on: ManagedObject, inner = '') => {
    const body = envelope(`<${method} xmlns="urn:vim25">${thisXml(on)}${inner}</${method}>`);
    const answer = await send('/sdk', { method: 'POST', body });
    return returned(answer);
  };
  const content = call('RetrieveServiceContent', SERVICE);
  content.catch(() => undefined);
  const properties: VcenterCaller['properties'] = async (of, ...paths) => {
    const specs = `<propSet><type>${of.type}</type>${paths.map((path) => `<pathSet>${path}</pathSet>`).join('')}</propSet>`;
    const objects = `<objectSet><obj type="${of.type}">${of.value}</obj></objectSet>`;
    const found = await call(
      'RetrievePropertiesEx',
      reference(await content, 'propertyCollector'),
      `<specSet>${specs}${objects}</specSet><options/>`,
    );
    const missing = /<missingSet>.*?<fault[^>]*type="(\w+)"/s.exec(found)?.[1];
    if (missing !== undefined) throw new VimFault(missing, 'a property is missing');
    const sets = found.matchAll(/<propSet><name>([^<]*)<\/name><val[^>]*?(?:\/>|>(.*?)<\/val>)<\/propSet>/gs);
    return new Map([...sets].map(([, name = '', value = '']) => [name, value]));
  };
  const task: VcenterCaller['task'] = async (method, on, inner) => {
    const started = { type: 'Task', value: await call(method, on, inner) };
    for (;;) {
      const info = (await properties(started, 'info')).get('info') ?? '';
      const state = textOf(info, 'state');
      if (state === 'success') return /<result[^>]*>(.*?)<\/result>/s.exec(info)?.[1] ?? '';
      if (state === 'error') {
        throw new VimFault(
          /<fault[^>]*type="(\w+)"/.exec(info)?.[1] ?? '?',
          textOf(info, 'localizedMessage'),
        );
      }
      await delay(5);
    }
  };
  return {
    call,
    task,
    properties,
    find: async (type, name) => {
      const told = await content;
      const view = {
        type: 'ContainerView',
        value: await call(
          'CreateContainerView',
          reference(told, 'viewManager'),
          `${refXml('container', reference(told, 'rootFolder'))}<type>${type}</type><recursive>true</recursive>`,
        ),
      };
      const listed = (await properties(view, 'view')).get('view') ?? '';
      const found = [...listed.matchAll(/<ManagedObjectReference[^>]*>([^<]*)</g)]
        .map(([, value = '']) => ({ type, value }))
        .toSorted((a, b) => a.value.localeCompare(b.value, 'en', { numeric: true }));
      for (const object of found) {
        if (name === undefined || (await properties(object, 'name')).get('name') === escapeXml(name))
          return object;
      }
      throw new Error(`no ${type} ${name ?? ''}`);
    },
    get: (path, headers = {}) => send(path, { headers }),
    send,
  };
}

/** Logs in and calls with the session that it gets; throws VimFault. */
export async function loggedIn(
  vcenter: SimulatedVcenter,
  { user, password }: { readonly user: string; readonly password: string } = vcenter,
): Promise<VcenterCaller> {
  const names = `<userName>${escapeXml(user)}</userName><password>${escapeXml(password)}</password>`;
  const content = await vcenterCaller(vcenter).call('RetrieveServiceContent', SERVICE);
  const manager = reference(content, 'sessionManager');
  const body = envelope(`<Login xmlns="urn:vim25">${thisXml(manager)}${names}</Login>`);
  const answer = await http(vcenter, '/sdk', '', { method: 'POST', body });
  returned(answer);
  const cookies = answer.headers['set-cookie'];
  const cookie = Array.isArray(cookies) ? cookies.join(';').split(';')[0] : undefined;
  return vcenterCaller(vcenter, cookie);
}

/** The text of the first element of this name, as XML. */
export function textOf(xml: string, name: string): string {
  return new RegExp(`<${name}(?: [^>]*)?>(.*?)</${name}>`, 's').exec(xml)?.[1] ?? '';
}

export function refXml(name: string, { type, value }: ManagedObject): string {
  return `<${name} type="${type}">${escapeXml(value)}</${name}>`;
}

export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&#34;');
}

function thisXml(on: ManagedObject): string {
  return refXml('_this', on);
}

function envelope(body: string): string {
  const spaces =
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope ${spaces}><soapenv:Body>${body}</soapenv:Body></soapenv:Envelope>`;
}

function reference(content: string, name: string): ManagedObject {
  const [, type = '', value = ''] = new RegExp(`<${name} type="(\\w+)">([^<]*)<`).exec(content) ?? [];
  return { type, value };
}

function returned({ status, body, broken }: VcenterAnswer): string {
  const xml = body.toString('utf8');
  if (broken) throw new Error('the connection has broken');
  if (status === 200) return /<returnval[^>]*>(.*)<\/returnval>/s.exec(xml)?.[1] ?? '';
  const fault = /<detail><(\w+)Fault/.exec(xml)?.[1];
  if (fault === undefined) throw new Error(`HTTP ${status}: ${xml}`);
  throw new VimFault(fault, textOf(xml, 'faultstring'));
}

async function http(
  vcenter: SimulatedVcenter,
  path: string,
  cookie: string,
  { method = 'GET', headers = {}, body }: VcenterRequest,
): Promise<VcenterAnswer> {
  const url = new URL(path, vcenter.url);
  const cookies = cookie === '' ? {} : { cookie };
  const options = { method, ca: vcenter.certificate, agent: false, headers: { ...headers, ...cookies } };
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (answer) => {
      const pieces: Buffer[] = [];
      const finish = (broken: boolean) =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(pieces),
          broken,
        });
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('error', () => finish(true));
      answer.on('end', () => finish(!answer.complete));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
