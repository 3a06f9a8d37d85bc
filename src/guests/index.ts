export { tryMount } from './access/try-mount.js';
export { type ExaminedGuest, examineGuest } from './engine/examine-guest.js';
export { FIX } from './engine/fix-task.js';
export { type GuestRecord, readGuestRecord } from './engine/guest-record.js';
export { profileFor } from './engine/inspect-guest.js';
export { mendGuest, removeGuestFolder } from './engine/mend-guest.js';
export { undoGuest } from './engine/undo-guest.js';
export { installCommand, missingTools } from './tools/guest-tools.js';
