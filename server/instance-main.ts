import { runCli } from './cli/cli.js';
import { processTerminal } from './cli/terminal.js';

/** What `roomcast serve --instances` starts: one of the processes behind its port. Nobody calls it by hand, so no help lists it. */
const COMMANDS = { instance: { about: 'one of several processes behind one port', load: () => import('./cli/instance.js') } };

process.exit(await runCli(['instance', ...process.argv.slice(2)], processTerminal(process), COMMANDS));
