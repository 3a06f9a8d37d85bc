import type { Ref, VimArgument } from './vim-value.js';

/** Properties by their paths, such as `config.hardware.device`. */
export type PropertyQuery =
  /** Of all objects of a class below a container, which is the root folder where none is given. */
  | { readonly type: string; readonly container?: Ref | undefined; readonly properties: readonly string[] }
  /** Of these objects. */
  | { readonly objects: readonly Ref[]; readonly properties: readonly string[] };

/** `PropertyFilterSpec` for a query; `view` has the objects of a query by class. */
export function filterSpec(query: PropertyQuery, view: Ref | null): VimArgument {
  const types = 'objects' in query ? [...new Set(query.objects.map(({ type }) => type))] : [query.type];
  return {
    propSet: types.map((type) => ({ type, all: false, pathSet: query.properties })),
    objectSet: 'objects' in query ? query.objects.map((obj) => ({ obj, skip: false })) : inView(view),
  };
}

function inView(view: Ref | null): VimArgument {
  if (view === null) return [];
  const selectSet = { _type: 'TraversalSpec', type: 'ContainerView', path: 'view', skip: false };
  return [{ obj: view, skip: true, selectSet }];
}
