import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './run.mjs';

/** Programs that the end-to-end tests run: any one of `programs` will do, or a module of Debian's Python; `service`: its package would start it. */
const PARTS = [
  { apt: 'redis-server', programs: ['redis-server'] },
  { apt: 'nginx-light', programs: ['nginx'] },
  { apt: 'haproxy', programs: ['haproxy'] },
  { apt: 'chromium', programs: ['chromium', 'chromium-browser', 'google-chrome'] },
  { apt: 'openssl', programs: ['openssl'] },
  { apt: 'git', programs: ['git'] },
  { apt: 'prometheus', programs: ['prometheus'], service: true },
  { apt: 'prometheus-node-exporter', programs: ['prometheus-node-exporter'], service: true },
  { apt: 'python3-socketio', python: 'socketio' },
  // python3-socketio speaks through these two, and only recommends them.
  { apt: 'python3-requests', python: 'requests' },
  { apt: 'python3-websocket', python: 'websocket' },
];

function isProgram(name, path) {
  return path.split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function isThere({ programs, python }, env) {
  if (programs) return programs.some((name) => isProgram(name, env.PATH));
  const found = await run('/usr/bin/python3', ['-c', `import ${python}`], { env }).catch(() => undefined);
  return found?.code === 0;
}

async function missingParts(env) {
  const there = await Promise.all(PARTS.map((part) => isThere(part, env)));
  return PARTS.filter((_, index) => !there[index]).map(({ apt }) => apt);
}

/** Keeps apart what would start a package as a service of this machine: the tests start it themselves, and it listens to everybody. */
const withoutServices = () =>
  PARTS.filter(({ service }) => service)
    .flatMap(({ apt }) => [`/lib/systemd/system/${apt}*`, `/etc/init.d/${apt}`])
    .flatMap((path) => ['-o', `Dpkg::Options::=--path-exclude=${path}`]);

/** How apt-get can be run here without asking anybody; undefined: it cannot. */
async function aptCommand(env) {
  if (!isProgram('apt-get', env.PATH)) return undefined;
  if (process.getuid?.() === 0) return ['apt-get'];
  const sudo = await run('sudo', ['-n', 'true'], { env }).catch(() => undefined);
  return sudo?.code === 0 ? ['sudo', '-n', 'apt-get'] : undefined;
}

/**
 * Installs what is missing, where that is possible without a question.
 * @throws Error with one line that says what to install
 */
export async function installSystemParts(env) {
  const missing = await missingParts(env);
  if (missing.length === 0) return;
  const apt = await aptCommand(env);
  if (apt) {
    console.log(`Installing ${missing.join(', ')} (apt-get) …`);
    const [command, ...first] = apt;
    const quietly = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } };
    const options = ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...withoutServices()];
    await run(command, [...first, ...options, 'update'], quietly);
    const { code, output } = await run(command, [...first, ...options, 'install', '-y', '--no-install-recommends', ...missing], quietly);
    if (code !== 0) console.error(output);
  }
  const still = apt ? await missingParts(env) : missing;
  if (still.length > 0) throw new Error(`The tests need programs that are not here: apt-get install ${still.join(' ')}`);
}
