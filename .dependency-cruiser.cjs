// The floors of docs/design.md: imports go down only. Folders of one floor do not know each other, except
// where `below` says that one stands on another.
const FLOORS = [
  ['model'],
  ['io', 'kernels', 'disk-image', 'calendar', 'transfers'],
  [
    'ovf-parser',
    'vmdk-reader',
    'vhd',
    'qcow2',
    'xva',
    'http-source',
    'nbd',
    'nbdkit',
    'xapi',
    'vsphere',
    'qemu-img',
    'zstd',
    'worker-threads-pool',
    'ledger',
    'queue',
  ],
  ['images'],
  ['sources', 'conversion', 'guests', 'notifications'],
  ['planning', 'scheduling', 'targets'],
  ['coordinator'],
  ['report'],
  ['service', 'dashboard'],
  ['cli'],
];

/** What the browser is told, of which it takes the types. */
const SERVICE_API = '^src/service/api/index\\.ts$';

const SIMULATOR_COMMANDS = '^src/cli/commands/simulate-(?:pool|vcenter)\\.ts$';

const folder = (names) => `^src/(?:${names.join('|')})/`;

const upward = FLOORS.slice(0, -1).map((names, floor) => ({
  name: `floor-${floor}-imports-upward`,
  severity: 'error',
  from: { path: folder(names) },
  to: { path: folder(FLOORS.slice(floor + 1).flat()) },
}));

const sideward = FLOORS.filter((names) => names.length > 1).flatMap((names) =>
  names.map((name) => ({
    name: `${name}-imports-its-neighbour`,
    severity: 'error',
    from: { path: folder([name]) },
    to: {
      path: folder(names.filter((other) => other !== name)),
      ...(name === 'dashboard' && { pathNot: SERVICE_API }),
    },
  })),
);

module.exports = {
  forbidden: [
    ...upward,
    ...sideward,
    {
      name: 'the-browser-gets-no-schemas',
      severity: 'error',
      from: { path: folder(['dashboard']) },
      to: { path: SERVICE_API, dependencyTypesNot: ['type-only'] },
    },
    { name: 'circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'past-the-front-door',
      comment: 'a folder of formats or tools is used through its index',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/(?:model|io)/' },
      to: {
        path: '^src/(?:kernels|disk-image|calendar|transfers|images|ovf-parser|vmdk-reader|vhd|qcow2|xva|http-source|nbd|nbdkit|xapi|vsphere|qemu-img|zstd|worker-threads-pool|ledger|queue|conversion|planning|scheduling|notifications|sources|report|service)/',
        pathNot: ['^src/$1/', '/index\\.ts$'],
      },
    },
    {
      name: 'threads-start-above-the-conversion',
      severity: 'error',
      from: { path: '^workers/' },
      to: { path: folder(FLOORS.slice(5).flat()) },
    },
    {
      name: 'simulators-are-for-two-commands',
      comment: 'nothing that works on real machines may come to need what was made for tests',
      severity: 'error',
      from: { path: '^(?:src|workers)/', pathNot: SIMULATOR_COMMANDS },
      to: { path: '^test/' },
    },
    {
      name: 'two-commands-are-for-simulators-alone',
      severity: 'error',
      from: { path: SIMULATOR_COMMANDS },
      to: { path: '^test/', pathNot: '^test/simulators/[^/]+/index\\.ts$' },
    },
    { name: 'unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
};
