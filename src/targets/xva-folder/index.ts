export { deviceNumber, vdiBytes } from './ova-objects.js';
export { type XvaPlan, xvaPlan } from './xva-plan.js';
