export { type Channel, notificationChannels } from './channel.js';
export { type DeliveryOutcome, deliver, testChannel } from './deliver.js';
export type { MachineCounts, MachineFailure, NightSummary, Notice } from './notice.js';
export { Notifier } from './notifier.js';
export { NOTIFICATIONS_SCHEMA, type NotificationSettings } from './schema.js';
