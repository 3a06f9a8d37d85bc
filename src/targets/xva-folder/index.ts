export { type XvaPlan, xvaPlan } from './xva-plan.js';
