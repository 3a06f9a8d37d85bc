export { ROLES, type Role } from './api/service.js';
export { type RunningService, type ServiceOptions, startService } from './start-service.js';
export { issueToken } from './tokens.js';
