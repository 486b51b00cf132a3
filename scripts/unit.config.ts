export default { test: { dir: 'harness', include: ['**/*.test.ts'] } }
