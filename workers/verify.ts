import { verifyFile } from '../src/conversion/verify-task.js';
import { threadEntry } from '../src/worker-threads-pool/index.js';

export default threadEntry(verifyFile);
