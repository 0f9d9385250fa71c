import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { RangeAnswer } from '../../shared/protocol.js';
import { ROOT } from './files.js';

// biome-ignore lint/suspicious/noExplicitAny: a description is a tree of whatever its format allows
export type Node = any;

/** A description in `docs/`, with each `$ref` followed: into the same file, or into one beside it. */
export function readDescription(name: string): Node {
  const files = new Map<string, Node>();
  const load = (file: string): Node => {
    const known = files.get(file);
    if (known) return known;
    const tree = parse(readFileSync(file, 'utf8'), { uniqueKeys: true });
    refuseCutTexts(tree, file);
    files.set(file, tree);
    return tree;
  };
  const resolved = (file: string, node: Node): Node => {
    if (Array.isArray(node)) return node.map((item) => resolved(file, item));
    if (typeof node !== 'object' || node === null) return node;
    if (typeof node.$ref !== 'string') return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, resolved(file, inner)]));
    const [path, pointer] = node.$ref.split('#');
    const target = path === '' ? file : join(dirname(file), path);
    return resolved(target, at(load(target), pointer, node.$ref));
  };
  const file = join(ROOT, 'docs', name);
  return resolved(file, load(file));
}

/** In YAML's flow style an unquoted text ends at a comma, and its rest becomes a key without a value. */
function refuseCutTexts(node: Node, where: string): void {
  if (node === null) throw new Error(`${where} has no value`);
  if (typeof node !== 'object') return;
  for (const [key, inner] of Object.entries<Node>(node)) refuseCutTexts(inner, `${where}/${key}`);
}

function at(tree: Node, pointer: string, ref: string): Node {
  let node = tree;
  for (const step of pointer.split('/').slice(1)) {
    node = node?.[step.replaceAll('~1', '/').replaceAll('~0', '~')];
    if (node === undefined) throw new Error(`${ref} leads nowhere`);
  }
  return node;
}

/** What is wrong with a value, by a JSON Schema; empty when nothing is. */
export function faultsOf(schema: Node, value: unknown): string[] {
  const parsed = z.fromJSONSchema(schema).safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** A schema without what is only for its reader. */
export function bare(schema: Node): Node {
  if (Array.isArray(schema)) return schema.map(bare);
  if (typeof schema !== 'object' || schema === null) return schema;
  const kept = Object.entries(schema).filter(([key, value]) => key !== '$schema' && !(key === 'description' && typeof value === 'string'));
  return Object.fromEntries(kept.map(([key, value]) => [key, key === 'required' ? [...(value as string[])].sort() : bare(value)]));
}

/** What a request schema of ours accepts, as bare JSON Schema. */
export const accepted = (schema: z.ZodType): Node => bare(z.toJSONSchema(schema, { io: 'input' }));

/** An answer about a range of a metric room, as both descriptions have it. */
export const RANGE: RangeAnswer = {
  room: 'metrics:host',
  from: 0,
  to: 1_000,
  stepMs: 1_000,
  resolutionMs: 1_000,
  aggregate: 'max',
  series: [{ name: 'cpu', values: [1, null] }],
  omitted: 0,
};
