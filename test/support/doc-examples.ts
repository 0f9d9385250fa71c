import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT } from './files.js';

/** One fenced block of a document. */
export interface DocBlock {
  /** The document, the heading above it, the language and, from the second one there, its number: `docs/jobs.md, States, js 2`. */
  readonly id: string;
  readonly file: string;
  readonly language: string;
  readonly text: string;
}

/** One command of a block, and what the document shows of its output. */
export interface DocCommand {
  readonly command: string;
  readonly output: string;
}

/** The README and the guides. */
async function documents(): Promise<{ file: string; markdown: string }[]> {
  const guides = (await readdir(`${ROOT}docs`)).filter((name) => name.endsWith('.md')).sort();
  const files = ['README.md', ...guides.map((name) => `docs/${name}`)];
  return Promise.all(files.map(async (file) => ({ file, markdown: await readFile(ROOT + file, 'utf8') })));
}

/** Every fenced block of the README and of the guides, in their order. */
export async function docBlocks(): Promise<DocBlock[]> {
  return (await documents()).flatMap(({ file, markdown }) => blocksOf(file, markdown));
}

/** Links within the repository that lead nowhere. */
export async function brokenLinks(): Promise<{ file: string; link: string }[]> {
  const broken: { file: string; link: string }[] = [];
  for (const { file, markdown } of await documents()) {
    const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
    for (const [, link] of prose.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path, heading] = link!.split('#');
      const target = path ? join(ROOT, dirname(file), path) : ROOT + file;
      const there = existsSync(target) && (heading === undefined || anchorsOf(await readFile(target, 'utf8')).includes(heading));
      if (!there) broken.push({ file, link: link! });
    }
  }
  return broken;
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!.toLowerCase());
  return headings.map((heading) => heading.replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
}

/** @throws Error when a block is not closed */
function blocksOf(file: string, markdown: string): DocBlock[] {
  const blocks: DocBlock[] = [];
  const counts = new Map<string, number>();
  let heading = '';
  let open: { language: string; lines: string[] } | undefined;
  for (const line of markdown.split('\n')) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (open && fence) {
      const place = `${file}, ${heading}, ${open.language || 'drawing'}`;
      const count = (counts.get(place) ?? 0) + 1;
      counts.set(place, count);
      blocks.push({ id: count > 1 ? `${place} ${count}` : place, file, language: open.language, text: open.lines.join('\n') });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence) open = { language: fence[1]!.trim(), lines: [] };
    else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
  }
  if (open) throw new Error(`${file}: a block below "${heading}" is not closed`);
  return blocks;
}

/** The commands of a `sh` block, or of a `console` block, where they begin with `$` and their output follows. */
export function commandsOf({ language, text }: Pick<DocBlock, 'language' | 'text'>): DocCommand[] {
  const commands: { command: string; output: string }[] = [];
  let continued = false;
  for (const line of text.split('\n')) {
    const last = commands.at(-1);
    const begins = language === 'console' ? line.startsWith('$ ') : line.trim() !== '' && !line.startsWith('#');
    if (continued && last) last.command += `\n${line}`;
    else if (begins) commands.push({ command: line.replace(/^\$ /, ''), output: '' });
    else if (last) last.output += `${line}\n`;
    continued = line.endsWith('\\') && (continued || begins);
  }
  return commands;
}

/**
 * What fits an output as a document shows it: its lines in their order, with others between them. In a line `…` stands for anything, and positions and
 * numbers for any of their sort, but for the status of an HTTP answer.
 */
export function shownOutput(output: string): RegExp {
  const lines = output.split('\n').filter((line) => line.trim() !== '' && line.trim() !== '…');
  return new RegExp(lines.map((line) => `^${shownLine(line)}\\s*$`).join('[^]*?'), 'm');
}

function shownLine(line: string): string {
  if (line.startsWith('HTTP/')) return escaped(line);
  return line
    .split(/(…|\b[a-z0-9]{6,32}:\d+\b|\d+)/)
    .map((part) => {
      if (part === '…') return '.*';
      if (/^[a-z0-9]{6,32}:\d+$/.test(part)) return '[a-z0-9]+:\\d+';
      return /^\d+$/.test(part) ? '\\d+' : escaped(part);
    })
    .join('');
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
