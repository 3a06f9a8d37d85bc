/** Key of `other_config` under which an object carries the id of the job that made it. */
const OWNER_KEY = 'xenferry:job';
/** And its own UUID: a copy that somebody makes takes `other_config` along, and is none of ours. */
export const SELF_KEY = 'xenferry:self';

interface Marked {
  readonly uuid: string;
  readonly other_config: Readonly<Record<string, string>>;
}

/** For the constructor of whatever a job makes, so that there is no moment without it. */
export function ownedBy(jobId: string): Record<string, string> {
  return { [OWNER_KEY]: jobId };
}

/** Whether it is a template that somebody made of a VM; one without its own mark is a VM that was never finished. */
export function isTemplateOfOthers(vm: Marked & { readonly is_a_template: boolean }): boolean {
  return vm.is_a_template && vm.other_config[SELF_KEY] !== undefined;
}

/** The job that made the object; null when none did. */
export function ownerOf({ uuid, other_config }: Marked): string | null {
  const self = other_config[SELF_KEY];
  return self === undefined || self === uuid ? (other_config[OWNER_KEY] ?? null) : null;
}
