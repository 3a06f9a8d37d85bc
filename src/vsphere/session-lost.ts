import { XenferryError } from '../model/errors.js';
import { isVsphereFault } from './vsphere-fault.js';

/** The session that something was asked in is no more, by status 401 or because another one was opened meanwhile. */
export class SessionEnded extends XenferryError {
  constructor(server: string) {
    super('VSPHERE_LOGIN', 'the session has ended', { file: server });
  }
}

/** Whether a failure says that the session it was made with has ended: then nothing was done. */
export function isSessionLost(error: unknown): boolean {
  return error instanceof SessionEnded || isVsphereFault(error, 'NotAuthenticated');
}
