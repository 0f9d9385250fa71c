import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from './files.js';

// biome-ignore lint/suspicious/noExplicitAny: a description is a tree of whatever its format allows
export type Node = any;

/** A description in `docs/`, with each `$ref` followed: into the same file, or into one beside it. */
export function readDescription(name: string): Node {
  const file = join(ROOT, 'docs', name);
  return resolved(file, load(file));
}

const load = (file: string): Node => parse(readFileSync(file, 'utf8'), { uniqueKeys: true });

function resolved(file: string, node: Node, root: Node = node): Node {
  if (Array.isArray(node)) return node.map((item) => resolved(file, item, root));
  if (typeof node !== 'object' || node === null) return node;
  if (typeof node.$ref !== 'string')
    return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, resolved(file, inner, root)]));
  const [path, pointer] = node.$ref.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  const tree = path === '' ? root : load(target);
  return resolved(target, at(tree, pointer, node.$ref), tree);
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
