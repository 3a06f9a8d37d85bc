import { z } from 'zod';
import type { EstateFacts } from '../../model/inventory.js';
import { arrayOf, list, REF, TEXT, vimObject, WHOLE_NUMBER } from '../../vsphere/index.js';

type NetworkFacts = EstateFacts['networks'][number];

/** `HostPortGroup`. */
export const STANDARD_PORT_GROUPS = arrayOf(
  vimObject({
    spec: vimObject({
      name: TEXT.default(''),
      vlanId: WHOLE_NUMBER.default(0),
      vswitchName: TEXT.default(''),
    }),
  }),
);

const RANGE = z.object({ start: TEXT, end: TEXT });

/** `DVPortgroupConfigInfo`; the id of a VLAN is a number, ranges for a trunk, or the one of a private VLAN. */
export const PORT_GROUP_CONFIG = vimObject({
  distributedVirtualSwitch: REF.optional(),
  defaultPortConfig: vimObject({
    vlan: vimObject({ vlanId: z.unknown().optional(), pvlanId: WHOLE_NUMBER.optional() }).optional(),
  }).optional(),
});

/** 4095 hands all VLANs to the guest. */
const ALL_VLANS = 4095;

/** Port groups of hosts' own switches; hosts that agree give one. */
export function hostNetworks(groups: z.output<typeof STANDARD_PORT_GROUPS>): readonly NetworkFacts[] {
  const networks = groups.map(({ spec }): NetworkFacts => {
    const { vlanId: id } = spec;
    return {
      name: spec.name,
      switch: spec.vswitchName,
      vlan: id === 0 ? null : id === ALL_VLANS ? '0-4094' : `${id}`,
    };
  });
  return [...new Map(networks.map((network) => [JSON.stringify(network), network])).values()];
}

export function portGroupNetwork(
  name: string,
  switchName: string | null,
  { defaultPortConfig }: z.output<typeof PORT_GROUP_CONFIG>,
): NetworkFacts {
  const { vlanId, pvlanId } = defaultPortConfig?.vlan ?? {};
  return { name, switch: switchName, vlan: pvlanId === undefined ? vlanText(vlanId) : `${pvlanId}` };
}

function vlanText(vlanId: unknown): string | null {
  if (typeof vlanId === 'string') return vlanId === '0' ? null : vlanId;
  const ranges = list(RANGE).safeParse(vlanId).data ?? [];
  const texts = ranges.map(({ start, end }) => (start === end ? start : `${start}-${end}`));
  return texts.length === 0 ? null : texts.join(', ');
}
