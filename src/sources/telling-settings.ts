const MAX_SETTINGS = 500;
const MAX_BYTES = 4096;

/** Keys whose values must not go into plans and reports; `guestinfo.` and `machine.id` hand them to the guest. */
const SECRET =
  /pass(word|wd|phrase)|secret|keysafe|credential|token|private|encrypt|\.key$|^guestinfo\.|^machine\.id$/;

/** Texts that the model has a place for, and what VMware keeps for its own book-keeping. */
const NOISE =
  /^(\.encoding|displayname|annotation|config\.version|extendedconfigfile|cleanshutdown|softpoweroff|guestos\.detailed\.data|pcibridge\d+\..*|vmci\d+\..*|(guest|host|user)cpuid\..*|vmotion\..*|migrate\..*|monitor\..*|replay\..*|toolsinstallmanager\..*|uuid\.location|.*\.pcislotnumber)$/;

/**
 * The settings of a VMX, or a machine's ExtraConfig, that tell something of it, by lower-case key in alphabetical order: at most 500, those with
 * values above 4 KiB left out, and all that may hold a secret.
 */
export function tellingSettings(settings: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const telling = [...settings]
    .filter(([key, value]) => !SECRET.test(key) && !NOISE.test(key) && Buffer.byteLength(value) <= MAX_BYTES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_SETTINGS);
  return Object.fromEntries(telling);
}
