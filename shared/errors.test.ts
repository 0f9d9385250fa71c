import { expect, test } from '@jest/globals';
import { ERRORS, isErrorCode } from './errors.js';

test('of what somebody has sent only the declared codes are codes', () => {
  for (const code of Object.keys(ERRORS)) expect(isErrorCode(code)).toBe(true);
  for (const other of ['', 'of_another_version', 'toString', '__proto__', 7, null, undefined, { code: 'busy' }])
    expect(isErrorCode(other)).toBe(false);
});
