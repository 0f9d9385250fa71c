import type { Declaration, Option } from './option.js';
import { CLIENT_OPTIONS, SECTIONS } from './options.js';
import { envNameOf, flagOf } from './read.js';

/** The default as a person would write it. */
function defaultOf(option: Option<unknown>): string {
  return option.defaultText ?? String(option.default);
}

/** Key, flag and, where there is one, variable. */
const namesOf = (key: string, option: Option<unknown>): string[] => [key, flagOf(key), ...[envNameOf(key, option) ?? []].flat()];

function wrap(text: string, width: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** Flags with their variables, defaults and meaning, for a terminal of 100 columns. */
export function optionHelp(options: Declaration): string {
  return Object.entries(options)
    .flatMap(([key, option]) => [
      `  ${namesOf(key, option).slice(1).join('  ')}  [${defaultOf(option)}]`,
      ...wrap(`${option.about} Takes ${option.accepts}.`, 90).map((line) => `      ${line}`),
    ])
    .join('\n');
}

/** All options of a hub, as `roomcast --help` shows them. */
export function configHelp(): string {
  return Object.entries(SECTIONS)
    .map(([title, options]) => `${title}\n${optionHelp(options)}`)
    .join('\n\n');
}

/** A cell may hold no bar and no line break. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(options: Declaration): string {
  const rows = Object.entries(options).map(([key, option]) => {
    const names = namesOf(key, option)
      .map((name) => `\`${name}\``)
      .join('<br>');
    return `| ${names} | ${cell(defaultOf(option))} | ${cell(option.accepts)} | ${cell(option.about)} |`;
  });
  return ['| option | default | takes | |', '|---|---|---|---|', ...rows].join('\n');
}

/** The part of docs/configuration.md between its markers. */
function optionTables(): string {
  const sections = { ...SECTIONS, 'Commands that talk to a running hub': CLIENT_OPTIONS };
  return Object.entries(sections)
    .map(([title, options]) => `## ${title}\n\n${table(options)}`)
    .join('\n\n');
}

const MARKERS = ['<!-- options: written by `npm run docs` -->', '<!-- end of options -->'] as const;

/** The document with its tables made anew. */
export function withOptionTables(document: string): string {
  const [start, end] = MARKERS.map((marker) => document.indexOf(marker));
  if (start === undefined || end === undefined || start < 0 || end < start) throw new Error(`the document lacks the line ${MARKERS[0]}`);
  return `${document.slice(0, start)}${MARKERS[0]}\n\n${optionTables()}\n\n${document.slice(end)}`;
}
