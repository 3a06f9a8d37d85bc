export { describeProfile } from './describe-profile.js';
export { compileGlob, globMatches } from './glob.js';
export { loadProfiles, profileJsonSchema } from './load-profiles.js';
export { type GuestEvidence, matchProfile, type ProfileMatch } from './match-profile.js';
export { type Profile, type TargetProduct, templateChoices } from './profile.js';
