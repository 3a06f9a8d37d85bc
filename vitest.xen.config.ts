import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/xen/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    testTimeout: 2_400_000,
    hookTimeout: 2_400_000,
    reporters: ['verbose'],
  },
});
