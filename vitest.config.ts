import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,e2e}/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // Native addons and worker threads of our own want a process of their own.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A busy machine is slow, not wrong.
    expect: { poll: { timeout: 20_000 } },
  },
});
