export { type SimulatedVcenter, startVcenter } from '../../support/simulated-vcenter.js';
export { machineMaker } from './machine-maker.js';
