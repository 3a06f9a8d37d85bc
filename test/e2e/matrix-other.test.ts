import { describeMatrix } from '../support/describe-matrix.js';
import { OTHER_INPUTS } from '../support/inputs/other-inputs.js';

describeMatrix(OTHER_INPUTS);
