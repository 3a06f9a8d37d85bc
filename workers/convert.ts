import { convertBlocks } from '../src/conversion/convert-task.js';
import { threadEntry } from '../src/worker-threads-pool/index.js';

export default threadEntry(convertBlocks);
