import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDir } from '../../test/support/files.js';
import { get } from '../../test/support/http.js';
import { startHttpApp } from '../../test/support/http-app.js';
import { testScope } from '../../test/support/scope.js';

const scope = testScope();

async function pages() {
  const directory = await temporaryDir(scope);
  const webDir = join(directory, 'web');
  await mkdir(join(webDir, 'assets'), { recursive: true });
  await writeFile(join(directory, 'secret.txt'), 'secret');
  await writeFile(join(webDir, 'index.html'), '<!doctype html><title>Roomcast</title>');
  await writeFile(join(webDir, 'icon.svg'), '<svg/>');
  await writeFile(join(webDir, '.hidden'), 'hidden');
  await writeFile(join(webDir, 'assets', 'app-1a2b.js'), 'run()');
  return { ...(await startHttpApp(scope, { webDir })), webDir };
}

test('the page is asked about each time, what has its hash in the name is kept for good', async () => {
  const { url } = await pages();
  const kept = async (path: string) => {
    const { status, headers } = await get(url + path, { accept: 'text/html,*/*' });
    return [status, headers.get('cache-control'), headers.get('content-type')];
  };
  expect(await kept('/')).toEqual([200, 'no-cache', 'text/html; charset=utf-8']);
  expect(await kept('/icon.svg')).toEqual([200, 'no-cache', 'image/svg+xml']);
  expect(await kept('/assets/app-1a2b.js')).toEqual([200, 'public, max-age=31536000, immutable', 'text/javascript; charset=utf-8']);
});

test('the path of a page that is no file leads to the page; a missing file and the API do not', async () => {
  const { url } = await pages();
  const typed = (path: string) => fetch(url + path, { headers: { Accept: 'text/html' }, redirect: 'manual' });
  expect((await typed('/chat/lobby')).headers.get('Location')).toBe('/#/chat/lobby');
  expect((await typed('//evil.example/x')).headers.get('Location')).toBe('/#//evil.example/x');
  expect(await (await fetch(`${url}/chat/lobby`, { headers: { Accept: 'text/html' } })).text()).toContain('<title>Roomcast</title>');
  for (const path of ['/assets/gone.js', '/api/gone', '/.hidden', '/favicon.ico']) {
    expect(await get(url + path, { accept: 'text/html' })).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
  }
  expect((await fetch(`${url}/chat/lobby`, { method: 'POST' })).status).toBe(404);
});

test('pages load nothing from elsewhere, and nobody frames them', async () => {
  const { url } = await pages();
  const { headers } = await get(`${url}/`, { accept: 'text/html' });
  const policy = headers.get('content-security-policy')!;
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https:|\*/);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

test('nothing outside of the directory is served', async () => {
  const { url } = await pages();
  const raw = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(url);
      request({ hostname, port, path }, (response) => {
        let text = '';
        response
          .setEncoding('utf8')
          .on('data', (chunk) => {
            text += chunk;
          })
          .on('end', () => resolve(text));
      })
        .on('error', reject)
        .end();
    });
  for (const path of ['/../secret.txt', '/%2e%2e/secret.txt', '/assets/..%2f..%2fsecret.txt', '/..%5csecret.txt', '/%00', '//secret.txt']) {
    expect(await raw(path)).not.toContain('secret\n');
    expect(await raw(path)).not.toBe('secret');
  }
});

test('a hub whose pages were not built says not found', async () => {
  const { url } = await startHttpApp(scope, { webDir: '/nowhere/at/all' });
  expect(await get(`${url}/`, { accept: 'text/html' })).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
});
