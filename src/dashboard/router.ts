export type Route =
  | { readonly screen: 'overview' | 'batches' | 'schedules' | 'reports' | 'workers' | 'tokens' }
  | { readonly screen: 'batch' | 'plan' | 'machine'; readonly id: number };

const LISTS = ['batches', 'schedules', 'reports', 'workers', 'tokens'] as const;

/** What an address's fragment asks for; null when there is no such place. */
export function parseRoute(hash: string): Route | null {
  const [first = '', second, third, ...rest] = hash.replace(/^#?\/?/, '').split('/');
  if (rest.length > 0) return null;
  if (first === '' && second === undefined) return { screen: 'overview' };
  if (second === undefined) {
    const screen = LISTS.find((name) => name === first);
    return screen === undefined ? null : { screen };
  }
  if (!/^\d{1,15}$/.test(second)) return null;
  const id = Number(second);
  if (first === 'machines' && third === undefined) return { screen: 'machine', id };
  if (first !== 'batches') return null;
  if (third === undefined) return { screen: 'batch', id };
  return third === 'plan' ? { screen: 'plan', id } : null;
}

export function addressOf(route: Route): string {
  switch (route.screen) {
    case 'overview':
      return '#/';
    case 'batch':
      return `#/batches/${route.id}`;
    case 'plan':
      return `#/batches/${route.id}/plan`;
    case 'machine':
      return `#/machines/${route.id}`;
    default:
      return `#/${route.screen}`;
  }
}
