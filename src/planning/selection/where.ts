import { Environment } from '@marcbachmann/cel-js';
import { XenferryError } from '../../model/errors.js';
import type { VirtualMachine } from '../../model/virtual-machine.js';

/** A condition on machines, written in CEL. */
export interface Where {
  readonly fits: (machine: VirtualMachine) => boolean;
  /** Why it could not be judged for some machine, such as a key that it has not; null while it always could. */
  readonly failure: () => string | null;
}

/** An expression is a line or two: what is beyond these is no condition on a machine. */
const LIMITS = { maxAstNodes: 1000, maxDepth: 50 };

const CEL = new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false }).registerVariable(
  'vm',
  'dyn',
);

/**
 * Compiles a CEL expression over `vm`, the machine as the inventory has it. What cannot be judged does not fit. Throws
 * CONFIG_INVALID when it does not parse, uses what does not exist or is no condition.
 */
export function compileWhere(expression: string): Where {
  const condition = parsed(expression);
  let failure: string | null = null;
  return {
    fits: (machine) => {
      try {
        return condition({ vm: machine }) === true;
      } catch (error) {
        failure ??= summaryOf(error);
        return false;
      }
    },
    failure: () => failure,
  };
}

function parsed(expression: string) {
  try {
    const condition = CEL.parse(expression);
    const { valid, error, type } = condition.check();
    if (!valid) throw error;
    if (type !== 'bool' && type !== 'dyn') {
      throw new XenferryError(
        'CONFIG_INVALID',
        `the expression gives ${type ?? 'nothing'}, not true or false`,
      );
    }
    return condition;
  } catch (cause) {
    if (cause instanceof XenferryError) throw cause;
    throw new XenferryError('CONFIG_INVALID', `not a CEL expression: ${summaryOf(cause)}`, { cause });
  }
}

/** The first line; the others draw the place. */
function summaryOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
