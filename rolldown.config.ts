import { defineConfig } from 'rolldown';

/**
 * Bundled because it halves the start: Node reads a dozen files instead of hundreds, for the command and again for
 * each thread. What finds files beside itself stays a package.
 */
const programs = defineConfig({
  input: {
    xenferry: 'src/cli/main.ts',
    bench: 'test/bench/bench.ts',
    fuzz: 'test/fuzz/fuzz.ts',
    'workers/convert': 'workers/convert.ts',
    'workers/fix': 'workers/fix.ts',
    'workers/digest': 'workers/digest.ts',
    'workers/verify': 'workers/verify.ts',
  },
  platform: 'node',
  // Vitest is what the simulators' tests import beside them, and nothing here calls.
  external: ['piscina', 'sqlite3', 'pg', 'bullmq', 'ioredis', 'vitest'],
  // A thread whose code mentions the pool's types must not load the pool.
  treeshake: { moduleSideEffects: [{ external: true, sideEffects: false }] },
  output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
});

/** What the browser gets: one script, which finds nothing on other servers. */
const dashboard = defineConfig({
  input: { app: 'src/dashboard/main.ts' },
  platform: 'browser',
  tsconfig: 'src/dashboard/tsconfig.json',
  output: {
    dir: 'dist/dashboard',
    format: 'esm',
    entryFileNames: 'assets/[name].js',
    minify: true,
    codeSplitting: false,
  },
});

export default [programs, dashboard];
