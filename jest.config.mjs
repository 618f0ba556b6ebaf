/** ESM through swc; `#runtime/x.js` is the source, so that unit tests need no build. Process tests use runtime/dist. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['<rootDir>/test/dist', '<rootDir>/runtime/dist', '<rootDir>/synth/dist'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } }] },
  moduleNameMapper: {
    '^#runtime/(.*)\\.js$': '<rootDir>/runtime/src/$1.ts',
    '^#synth/(.*)\\.js$': '<rootDir>/synth/$1.ts',
    '^#test/(.*)\\.js$': '<rootDir>/test/$1.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testTimeout: 30_000,
};
