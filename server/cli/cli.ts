import { configHelp, optionHelp } from '../config/document.js';
import { ConfigError, nearest } from '../config/read.js';
import { version } from '../version.js';
import { type Command, EXIT, type ExitCode, type Terminal } from './command.js';
import { COMMANDS, type Commands } from './commands.js';

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const commands = Object.entries(COMMANDS).map(([name, { about }]) => `  ${name.padEnd(width)}  ${about}`);
  return [
    'roomcast [command] [flags]',
    '',
    ...commands,
    '',
    'roomcast <command> --help tells about one. Options of the hub, as flag, variable and default:',
    '',
    configHelp(),
  ].join('\n');
}

function commandHelp(name: string, { usage, options }: Command): string {
  const own = optionHelp(options);
  const rest = 'The options of the hub are shown by roomcast --help.';
  return [`roomcast ${name} ${usage}`.trim(), COMMANDS[name]!.about, ...(own ? ['', own] : []), '', rest].join('\n');
}

/** A failure in one line where somebody meant to say it (a wrong option, a port in use, a store away); a fault of the program with its stack. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { code, port, address } = thrown as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE') return `port ${port} on ${address} is in use: stop what runs there, or take another with PORT or --port`;
  if (code === 'EADDRNOTAVAIL') return `${address} is no address of this machine: set ROOMCAST_HOST or --host`;
  if (code === 'EACCES' && port !== undefined) return `port ${port} may not be used by this user: take one from 1024 up`;
  const fault = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'].includes(thrown.name);
  return fault ? (thrown.stack ?? thrown.message) : thrown.message;
}

/** Runs the command that the arguments name and gives the exit code of the process. */
export async function runCli(argv: readonly string[], terminal: Terminal, commands: Commands = COMMANDS): Promise<ExitCode> {
  const [first = ''] = argv;
  const name = first === '' || first.startsWith('-') ? 'serve' : first;
  const rest = name === first ? argv.slice(1) : argv;
  const wants = (...flags: string[]) => rest.some((argument) => flags.includes(argument));
  try {
    if (first === 'help' || (name !== first && wants('--help', '-h'))) {
      terminal.print(help());
      return EXIT.ok;
    }
    if (name !== first && wants('--version', '-v')) {
      terminal.print(version());
      return EXIT.ok;
    }
    const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!entry) {
      const guess = nearest(name, Object.keys(COMMANDS));
      throw new ConfigError(`unknown command ${name}${guess ? `; did you mean ${guess}?` : ''} (roomcast --help lists all)`);
    }
    const { command } = await entry.load();
    if (wants('--help', '-h')) {
      terminal.print(commandHelp(name, command));
      return EXIT.ok;
    }
    return await command.run(rest, terminal);
  } catch (thrown) {
    terminal.report(`roomcast: ${describe(thrown)}`);
    return thrown instanceof ConfigError ? EXIT.usage : EXIT.failed;
  }
}
