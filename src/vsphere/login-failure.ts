import { XenferryError } from '../model/errors.js';
import { isVsphereFault } from './vsphere-fault.js';

const NO_DOMAIN_HINT =
  'Give the user with its domain, such as administrator@vsphere.local: without one a vCenter answers as to a wrong password. An ESXi host has users without a domain.';
const WRONG_HINT =
  'Check the user, its domain and the password; the server does not tell which of them is wrong, and a user that is locked looks the same.';
const DOMAIN_HINT = 'The server does not know the domain of the user; the password was not looked at.';
const NO_ROLE_HINT = 'The password is right; give the user a role on the server (docs/vsphere.md).';

/** The server's words where it has no source of users for the domain. */
const UNKNOWN_DOMAIN = /\bdomain\b|identity source/i;

/** A login that failed, with what is to be done; anything else as it is. */
export function loginFailure(error: unknown, user: string, server: string): unknown {
  if (isVsphereFault(error, 'NoPermission')) {
    return new XenferryError('VSPHERE_DENIED', error.message, {
      file: server,
      hint: NO_ROLE_HINT,
      cause: error,
    });
  }
  if (!isVsphereFault(error, 'InvalidLogin')) return error;
  const hint = hintFor(error.message, user);
  return new XenferryError('VSPHERE_LOGIN', error.message, { file: server, hint, cause: error });
}

function hintFor(message: string, user: string): string {
  if (UNKNOWN_DOMAIN.test(message)) return DOMAIN_HINT;
  return /[@\\]/.test(user) ? WRONG_HINT : NO_DOMAIN_HINT;
}
