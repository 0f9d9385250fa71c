#!/usr/bin/env node
import { runCli } from './cli/cli.js';
import { processTerminal } from './cli/terminal.js';

// Not only the exit code: a library's timer for a connection that is away would keep a process that has nothing left to do.
process.exit(await runCli(process.argv.slice(2), processTerminal(process)));
