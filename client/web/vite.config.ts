import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/**
 * The pages: one entry, relative addresses (a hub may be mounted below a path), and nothing inline, because the hub's content
 * security policy allows scripts and styles from its own origin only.
 */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: fileURLToPath(new URL('../../dist/client/web', import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: ['chrome123', 'firefox120', 'safari17.5'],
  },
});
