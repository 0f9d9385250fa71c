import type { Request, RequestHandler, Response } from 'express';
import { HubError } from '../../shared/errors.js';
import type { Principal } from '../auth/principal.js';
import type { Answers } from './answers.js';
import { IngestReport } from './ingest-report.js';
import { discardRest, RequestBody, SenderGone } from './request-body.js';

export interface ServeBodiesOptions {
  /** @throws HubError `unauthorized`, `rate_limited` */
  authenticate(req: Request): Principal | Promise<Principal>;
  /** Bytes of a packed body when unpacked, and of one that is read as a whole; lines that come unpacked have no end to hold to. 0: no limit. */
  readonly bodyLimitBytes: number;
  /** Time that a body which is read as a whole may take to arrive. */
  readonly bodyTimeoutMs?: number;
  /** Requests whose bodies are open at a time. */
  readonly openBodies?: number;
  /** What failed that was not the sender's fault. */
  readonly onFault: (error: unknown) => void;
}

/** One request on its way in. */
export interface Intake {
  readonly req: Request;
  readonly principal: Principal;
  readonly body: RequestBody;
  readonly report: IngestReport;
}

/** A handler that reads one body with `take`, and tells its sender in the words of `answers`. */
export type ServeBody = (answers: Answers, take: (intake: Intake) => Promise<void>) => RequestHandler;

/** Everything around the reading of a body: who sends it, how many at a time, and what the sender is told. */
export function serveBodies({
  authenticate,
  bodyLimitBytes,
  bodyTimeoutMs = 30_000,
  openBodies = 1_000,
  onFault,
}: ServeBodiesOptions): ServeBody {
  let open = 0;
  return (answers, take) => async (req, res) => {
    const report = new IngestReport();
    let body: RequestBody | undefined;
    open++;
    try {
      const principal = await authenticate(req);
      if (open > openBodies) throw new HubError('busy', 'as many bodies are open as may be', 5_000);
      body = new RequestBody(req, { maxBytes: bodyLimitBytes, wholeMs: bodyTimeoutMs });
      await take({ req, principal, body, report });
      answers.done(res.set('Cache-Control', 'no-store'), report);
    } catch (error) {
      refuse(res, answers, error, report, onFault);
    } finally {
      open--;
      if (body) body.discard();
      else discardRest(req);
    }
  };
}

function refuse(res: Response, answers: Answers, thrown: unknown, report: IngestReport, onFault: (error: unknown) => void): void {
  if (thrown instanceof SenderGone) return void res.destroy();
  if (!(thrown instanceof HubError)) onFault(thrown);
  if (res.headersSent) return void res.destroy();
  answers.failed(res.set('Cache-Control', 'no-store'), thrown instanceof HubError ? thrown : new HubError('internal'), report);
}
