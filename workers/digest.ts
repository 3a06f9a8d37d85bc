import { checkDigest } from '../src/conversion/digest-task.js';
import { threadEntry } from '../src/worker-threads-pool/index.js';

export default threadEntry(checkDigest);
