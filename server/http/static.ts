import { join, sep } from 'node:path';
import express, { type RequestHandler, Router } from 'express';

/** A path whose last segment has a dot. */
const FILE = /\.[^/]*$/;
const YEAR_SECONDS = 365 * 24 * 60 * 60;

/**
 * Serves the built web client from `webDir`: files under `assets/` have their hash in the name and are kept for good, the rest
 * is asked about each time. Pages are named by the fragment; a path that somebody typed instead, and that is no file, leads there.
 */
export function webPages(webDir: string): Router {
  const router = Router();
  const hashed = join(webDir, 'assets') + sep;
  router.use(
    express.static(webDir, {
      index: false,
      redirect: false,
      cacheControl: false,
      setHeaders: (res, path) => {
        const keep = path.startsWith(hashed) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache';
        res.setHeader('Cache-Control', keep);
      },
    }),
  );
  router.use(indexPage(webDir));
  return router;
}

function indexPage(webDir: string): RequestHandler {
  return (req, res, next) => {
    const isPage = (req.method === 'GET' || req.method === 'HEAD') && !FILE.test(req.path) && req.accepts('html') !== false;
    if (!isPage) return next();
    if (req.path !== '/') return res.redirect(`${req.baseUrl}/#${req.path}`);
    res.sendFile('index.html', { root: webDir, cacheControl: false, headers: { 'Cache-Control': 'no-cache' } }, (fault) => {
      // Before anything was sent there is no such file; afterwards the reader went away.
      if (fault && !res.headersSent) next();
    });
  };
}
