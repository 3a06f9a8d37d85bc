import { defineConfig } from 'vitest/config';

// A busy machine is slow, not wrong.
const LIMITS = { testTimeout: 60_000, hookTimeout: 120_000, expect: { poll: { timeout: 20_000 } } };

export default defineConfig({
  test: {
    globalSetup: ['test/global-setup.ts'],
    // Native addons and worker threads of our own want a process of their own.
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      {
        // Files share a process one after another: loading the same modules anew for each took as long as the tests.
        // So a test must put back what it changes outside of its file, above all the environment.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], isolate: false, ...LIMITS },
      },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...LIMITS } },
    ],
  },
});
