export { loadProfiles } from './load-profiles.js';
export { globMatches, matchProfile, type Profile } from './profile.js';
