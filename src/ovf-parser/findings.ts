import type { ErrorCode } from '../model/errors.js';
import type { Severity } from '../model/inventory.js';
import type { OvfFinding } from './ovf-types.js';

/** Collects what the parser survived; `forSystem` gives a view that attributes findings to one machine. */
export class Findings {
  readonly list: OvfFinding[];
  readonly #systemId: string | null;

  constructor(list: OvfFinding[] = [], systemId: string | null = null) {
    this.list = list;
    this.#systemId = systemId;
  }

  forSystem(systemId: string): Findings {
    return new Findings(this.list, systemId);
  }

  warn(message: string, line: number, code: ErrorCode = 'OVF_MALFORMED'): void {
    this.#add('warning', code, message, line);
  }

  critical(message: string, line: number, code: ErrorCode = 'OVF_MALFORMED'): void {
    this.#add('critical', code, message, line);
  }

  inform(message: string, line: number, code: ErrorCode = 'OVF_MALFORMED'): void {
    this.#add('information', code, message, line);
  }

  #add(severity: Severity, code: ErrorCode, message: string, line: number): void {
    this.list.push({ severity, code, message, line, systemId: this.#systemId });
  }
}
