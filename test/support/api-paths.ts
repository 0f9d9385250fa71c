import type { Router } from 'express';
import type { createHttpApp, HttpAppOptions } from '../../server/http/app.js';
import { appOptions } from './http-app.js';

/** A route of the HTTP application: `{ path: '/api/rooms/:room/messages', methods: ['get', 'post'] }`. */
export interface ApiPath {
  readonly path: string;
  readonly methods: readonly string[];
}

/** What express keeps of a route; `.all` handlers, the 405 answers, count as `_all`. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
}

function routesOf(stack: readonly Layer[]): ApiPath[] {
  return stack.flatMap(({ route, handle }) => {
    if (!route) return routesOf(handle.stack ?? []);
    const methods = Object.keys(route.methods).filter((method) => method !== '_all');
    return methods.length === 0 ? [] : [{ path: route.path, methods }];
  });
}

/** The routes of the application as it is assembled, by path. */
export function createApiPaths(create: typeof createHttpApp, overrides: Partial<HttpAppOptions> = {}): ApiPath[] {
  // Nothing is asked of the rooms: the routes are only looked at.
  const { app } = create({ ...appOptions({} as HttpAppOptions['rooms']), ...overrides });
  const byPath = new Map<string, string[]>();
  for (const { path, methods } of routesOf((app.router as Router & { stack: Layer[] }).stack)) {
    byPath.set(path, [...(byPath.get(path) ?? []), ...methods]);
  }
  return [...byPath].map(([path, methods]) => ({ path, methods }));
}
