import { execFileSync } from 'node:child_process';

/** Worker threads and the command line run compiled: compile what changed, once before all tests. */
export default function setup(): void {
  execFileSync('bash', ['.ci/build'], { stdio: 'inherit' });
}
