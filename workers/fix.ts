import { fixGuest } from '../src/guests/engine/fix-task.js';
import { threadEntry } from '../src/worker-threads-pool/index.js';

export default threadEntry(fixGuest);
