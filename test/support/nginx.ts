import { readFile, writeFile } from 'node:fs/promises';
import { type Child, startChild } from '../../server/cli/child.js';
import { nginxConfig } from '../../server/cli/nginx-config.js';
import { ROOT, temporaryDir } from './files.js';
import { startFront } from './front.js';
import type { Scope } from './scope.js';

/** A real nginx with deploy's configuration in front of the given instances. */
export function startNginx(scope: Scope, upstreams: readonly { port: number }[]): Promise<Child & { url: string }> {
  return startFront(scope, 'nginx', async (port) => {
    const file = await writeNginxConfig(scope, { listen: `127.0.0.1:${port}`, upstreams: upstreams.map((one) => `127.0.0.1:${one.port}`) });
    return startChild('nginx', 'nginx', ['-c', file, '-e', 'stderr'], { env: { PATH: process.env.PATH } });
  });
}

/** Fills the template into a file and gives its path. */
export async function writeNginxConfig(scope: Scope, front: { listen: string; upstreams: readonly string[] }): Promise<string> {
  const dir = await temporaryDir(scope);
  const template = await readFile(`${ROOT}deploy/nginx/nginx.conf.template`, 'utf8');
  const file = `${dir}/nginx.conf`;
  await writeFile(file, nginxConfig(template, { ...front, dir }));
  return file;
}
