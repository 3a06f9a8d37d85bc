import { Agent, request } from 'undici';
import { z } from 'zod';
import type { SimulatedVcenter } from './simulated-vcenter.js';
import type { ManagedObject } from './vcenter-caller.js';

const ID = z.object({ value: z.string() });

/** Makes tags over the REST interface, for tests. */
export interface TagMaker {
  /** A tag's id. */
  tag(category: string, name: string): Promise<string>;
  attach(tag: string, to: ManagedObject): Promise<void>;
}

export async function tagMaker(vcenter: SimulatedVcenter): Promise<TagMaker> {
  const dispatcher = new Agent({ connect: { ca: vcenter.certificate } });
  const root = `${new URL(vcenter.url).origin}/rest/com/vmware/cis`;
  const authorization = `Basic ${Buffer.from(`${vcenter.user}:${vcenter.password}`).toString('base64')}`;
  const send = async (path: string, headers: Record<string, string>, what?: object): Promise<unknown> => {
    const answer = await request(`${root}${path}`, {
      dispatcher,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: what === undefined ? null : JSON.stringify(what),
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text}`);
    return text === '' ? null : JSON.parse(text);
  };
  const session = { 'vmware-api-session-id': ID.parse(await send('/session', { authorization })).value };
  const create = async (kind: 'category' | 'tag', spec: object) =>
    ID.parse(await send(`/tagging/${kind}`, session, { create_spec: spec })).value;
  const categories = new Map<string, string>();
  return {
    tag: async (category, name) => {
      const spec = { name: category, cardinality: 'MULTIPLE', associable_types: ['VirtualMachine'] };
      const id = categories.get(category) ?? (await create('category', spec));
      categories.set(category, id);
      return await create('tag', { name, category_id: id });
    },
    attach: async (tag, { type, value }) => {
      const path = `/tagging/tag-association/id:${tag}?~action=attach`;
      await send(path, session, { object_id: { type, id: value } });
    },
  };
}
