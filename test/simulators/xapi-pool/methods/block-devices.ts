import { XapiFailure } from '../failure.js';

/** How many disks a machine may have. */
const DEVICES = 255;

/** What a device is called before the pool has chosen one. */
const AUTODETECT = 'autodetect';

function letterPlace(text: string): number {
  return [...text].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 96, 0) - 1;
}

/**
 * The place that a device's name means; a number means the same as `xvd` and `hd` of that place, while `sd` has
 * places of its own. Throws INVALID_DEVICE.
 */
function placeOf(device: string): string {
  const named = /^(?<kind>xvd|hd|sd)(?<letters>[a-z]{1,2})(?:[1-9]\d{0,2})?$/.exec(device)?.groups;
  if (named?.letters !== undefined) {
    return `${named.kind === 'sd' ? 'sd' : ''}${letterPlace(named.letters)}`;
  }
  if (/^(?:0|[1-9]\d{0,2})$/.test(device) && Number(device) < DEVICES) {
    return device;
  }
  throw new XapiFailure('INVALID_DEVICE', [device]);
}

function places(used: readonly string[]): ReadonlySet<string> {
  return new Set(used.filter((one) => one !== AUTODETECT).map(placeOf));
}

/** The numbers that no device has yet, lowest first. */
export function freeDevices(used: readonly string[]): readonly string[] {
  const taken = places(used);
  return Array.from({ length: DEVICES }, (_, index) => String(index)).filter((one) => !taken.has(one));
}

/** The device that a new one gets; throws INVALID_DEVICE or DEVICE_ALREADY_EXISTS. */
export function newDevice(used: readonly string[], wanted: string): string {
  const [free] = freeDevices(used);
  if (wanted === AUTODETECT && free !== undefined) {
    return free;
  }
  if (places(used).has(placeOf(wanted))) {
    throw new XapiFailure('DEVICE_ALREADY_EXISTS', [wanted]);
  }
  return wanted;
}
