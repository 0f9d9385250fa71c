import type { Request, Response, Router } from 'express';
import { z } from 'zod';
import { HubError } from '../../shared/errors.js';
import { jobGetSchema, jobSubmitSchema } from '../../shared/schemas.js';
import type { Principal } from '../auth/principal.js';
import type { JobService } from '../jobs/job-service.js';
import type { ReadBody } from './body.js';
import { keepPrivately } from './caching.js';
import type { Gate } from './gate.js';
import { pageSize } from './query.js';
import { sendFile } from './result-download.js';
import { readInput, route } from './route.js';

/** What the API asks of the job service; all throw HubError. */
export type HttpJobs = Pick<JobService, 'submit' | 'get' | 'cancel' | 'list' | 'inspect' | 'retry' | 'discard' | 'openResult'>;

export interface JobsApiOptions {
  jobs: HttpJobs;
  gate: Gate;
  readBody: ReadBody;
}

const listQuery = z.object({ state: z.literal('failed').optional(), limit: pageSize(1).default(50) });
const submitBodySchema = jobSubmitSchema.omit({ name: true });
/** The result of a job that wrote a file. */
const fileSchema = z.object({ file: z.string(), bytes: z.number(), contentType: z.string() });
const NO_STORE = { 'Cache-Control': 'no-store' };

/** Heavy work: submit, look, cancel, list, run again, discard, and fetch what came out. */
export function addJobRoutes(router: Router, { jobs, gate, readBody }: JobsApiOptions): void {
  route(router, '/api/jobs', {
    get: async (req, res) => {
      const principal = await gate(req);
      const query = readInput(listQuery, req.query);
      keepPrivately(res).json({ jobs: await jobs.list(principal, query) });
    },
  });
  // One segment is a handler's name when something is submitted, and a job's id otherwise.
  route(router, '/api/jobs/:id', {
    post: async (req, res) => {
      const principal = await gate(req, 'publish');
      const { input, key, id } = readInput(submitBodySchema, await readBody(req, res));
      const request = readInput(jobSubmitSchema, { name: req.params.id, input, key: key ?? req.get('Idempotency-Key'), id });
      const job = await jobs.submit(principal, request);
      const location = `${req.baseUrl}/api/jobs/${encodeURIComponent(job.jobId)}`;
      res.status(202).set('Location', location).json(job);
    },
    get: async (req, res) => {
      const principal = await gate(req);
      keepPrivately(res).json(await jobs.get(principal, jobId(req)));
    },
    delete: async (req, res) => {
      const principal = await gate(req);
      res.set(NO_STORE).json(await jobs.cancel(principal, jobId(req)));
    },
  });
  route(router, '/api/jobs/:id/details', {
    get: async (req, res) => {
      const principal = await gate(req);
      res.set(NO_STORE).json(await jobs.inspect(principal, jobId(req)));
    },
  });
  route(router, '/api/jobs/:id/retry', {
    post: async (req, res) => {
      const principal = await gate(req, 'publish');
      res.status(202).json(await jobs.retry(principal, jobId(req)));
    },
  });
  route(router, '/api/jobs/:id/discard', {
    post: async (req, res) => {
      const principal = await gate(req, 'publish');
      await jobs.discard(principal, jobId(req));
      res.status(204).end();
    },
  });
  route(router, '/api/jobs/:id/result', {
    get: async (req, res) => {
      const principal = await gate(req);
      await sendResult(jobs, principal, req, res);
    },
  });
}

const jobId = (req: Request<{ id: string }>): string => readInput(jobGetSchema, { jobId: req.params.id }).jobId;

/** The result file of a job; where it wrote none, its result as JSON. */
async function sendResult(jobs: HttpJobs, principal: Principal, req: Request<{ id: string }>, res: Response): Promise<void> {
  const id = jobId(req);
  const file = await jobs.openResult(principal, id);
  if (file) return sendFile(req, res, file);
  const { state, result } = await jobs.get(principal, id);
  if (state !== 'done' || result === undefined) throw new HubError('not_found', `the job is ${state} and has no result`);
  if (fileSchema.safeParse(result).success) throw new HubError('not_found', 'the result file is no longer kept');
  keepPrivately(res).json(result);
}
