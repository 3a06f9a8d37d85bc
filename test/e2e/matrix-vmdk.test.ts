import { describeMatrix } from '../support/describe-matrix.js';
import { VMDK_INPUTS } from '../support/inputs/vmdk-inputs.js';

describeMatrix(VMDK_INPUTS);
