const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** `chars` letters and digits that nobody can guess; 22 are as unique as a UUID. Works without a secure context, unlike `randomUUID`. */
export function randomId(chars = 22): string {
  let id = '';
  while (id.length < chars) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * chars))) {
      // Bytes past the last multiple of 62 would make the first letters likelier.
      if (byte < 248 && id.length < chars) id += LETTERS[byte % 62];
    }
  }
  return id;
}
