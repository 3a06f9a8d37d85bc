import { z } from 'zod';
import { type ErrorCode, XenferryError } from '../model/errors.js';
import { ANY_VALUE, list, REF, TEXT } from './vim-schemas.js';
import type { VimValue } from './vim-value.js';

/** The server's faults that mean more than a refusal; the others are VSPHERE_FAULT. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  InvalidLogin: 'VSPHERE_LOGIN',
  PasswordExpired: 'VSPHERE_LOGIN',
  NotAuthenticated: 'VSPHERE_LOGIN',
  NoPermission: 'VSPHERE_DENIED',
  ManagedObjectNotFound: 'VSPHERE_OBJECT_MISSING',
  RequestCanceled: 'CANCELED',
};

const MAX_SHOWN = 500;

/** What a fault may have inside: what NoPermission lacks, and words that explain it. */
const DETAILS = z.object({
  _type: z.string().optional(),
  object: REF.optional().catch(undefined),
  privilegeId: TEXT.optional().catch(undefined),
  faultMessage: list(z.object({ message: TEXT.optional() })).catch([]),
});

export interface FaultOptions {
  /** What was called, for people. */
  readonly what: string;
  /** The server, for people. */
  readonly server: string;
  readonly hint?: string | undefined;
}

/** An error that the server itself raised. */
export class VsphereFault extends XenferryError {
  /** The class in vim25, such as `InvalidPowerState`. */
  readonly fault: string;
  /** Its fields. */
  readonly details: VimValue;

  /** `name` stands where the server gives no class; `text` are the server's words. */
  constructor(name: string, text: string, details: VimValue, { what, server, hint }: FaultOptions) {
    const { data } = DETAILS.safeParse(details);
    const fault = data?._type ?? name;
    const lacking =
      fault === 'NoPermission' && data?.privilegeId !== undefined
        ? [
            `${data.privilegeId} is missing on ${data.object?.type ?? 'an object'} ${data.object?.value ?? ''}`,
          ]
        : [];
    const more = (data?.faultMessage ?? []).map(({ message = '' }) => message);
    const told = [...lacking, text, ...more].map((part) => part.trim()).filter((part) => part !== '');
    super(codeOf(fault), [`${what}: ${fault}`, ...told].join(': ').slice(0, MAX_SHOWN), {
      file: server,
      hint,
    });
    this.fault = fault;
    this.details = details;
  }
}

export function isVsphereFault(error: unknown, ...faults: readonly string[]): error is VsphereFault {
  return error instanceof VsphereFault && faults.includes(error.fault);
}

/** `LocalizedMethodFault`: how tasks, leases and properties tell of a failure. */
export const LOCALIZED_FAULT = z.object({
  fault: ANY_VALUE,
  localizedMessage: TEXT.default(''),
});
export type LocalizedFault = z.output<typeof LOCALIZED_FAULT>;

export function localizedFault(
  { fault, localizedMessage }: LocalizedFault,
  options: FaultOptions,
): VsphereFault {
  return new VsphereFault('MethodFault', localizedMessage, fault, options);
}

function codeOf(fault: string): ErrorCode {
  return (Object.hasOwn(CODES, fault) ? CODES[fault] : undefined) ?? 'VSPHERE_FAULT';
}
