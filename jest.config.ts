/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const shared: Config = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' } }] },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/data/'],
};

/** `unit`: beside the code, contracts included. `e2e`: real processes and browsers; it needs the build. */
const config: Config = {
  // More than the waits of a test come to: one that fails says what it waited for.
  testTimeout: 180_000,
  projects: [
    { ...shared, displayName: 'unit', roots: ['<rootDir>/shared', '<rootDir>/server', '<rootDir>/client'] },
    { ...shared, displayName: 'e2e', roots: ['<rootDir>/test'] },
  ],
};
export default config;
