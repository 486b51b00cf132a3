import { defineConfig } from 'vitest/config'

// The test files of a worker share its modules: loading them anew for each file took most of the time. A test that
// needs a module fresh calls `vi.resetModules()`. Workers are processes and not threads: a thread that starts a
// program while another one still writes it makes the start fail (ETXTBSY). More workers than cores: many tests wait
// for programs.
export default defineConfig({
  // Vite warns of each file of a package whose source map leads to files that are not in the package.
  logLevel: 'error',
  test: {
    dir: 'harness',
    include: ['**/*.test.ts'],
    pool: 'forks',
    isolate: false,
    maxWorkers: 3,
    // A test that takes a second here may take minutes on a machine with much to do. Only one that hangs takes longer.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 240_000 } },
    // It imports JSON in a way that only a bundler accepts.
    server: { deps: { inline: [/@actions\/workflow-parser/] } },
  },
})
