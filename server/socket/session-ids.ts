import { createRandomTexts } from '../random-texts.js';

/** Random bytes of an id: as many as Engine.IO's own have, and 20 characters without padding. */
const ID_BYTES = 15;

/** Makes Engine.IO session ids. */
export const createSessionIds = (): (() => string) => createRandomTexts(ID_BYTES, 'base64url');
