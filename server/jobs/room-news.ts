import { toWireError } from '../../shared/errors.js';
import type { JobNews } from '../../shared/protocol.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobRecord } from './job-queue.js';
import { keepTrying, mayPass } from './keep-trying.js';
import type { JobLogger } from './thread-runner.js';

/** Bytes of JSON of a result that is told with the end; a larger one is asked for. */
const RESULT_MAX_BYTES = 4 * 1024;
/** Milliseconds for which every room knows an id: of a younger job it is certain whether its submission was told. */
const CERTAIN_MS = 1_000;

/** Tells rooms of the jobs that reach them: that one was handed in, and how it ended. Twice is once: each message has an id of its own. */
export class RoomNews {
  private readonly submissions = new Map<string, Promise<unknown>>();
  private readonly ends = new Map<string, Promise<boolean>>();

  constructor(
    private readonly publisher: SystemPublisher,
    private readonly logger: JobLogger,
  ) {}

  /** Hears each state of each job. */
  take(record: JobRecord): void {
    const { reaches, state } = record;
    if (reaches === undefined) return;
    if (state.endedAt !== undefined) this.keep(this.ends, state.jobId, this.tellEnd(record));
    else if (state.revision === 1)
      this.keep(
        this.submissions,
        state.jobId,
        this.tell(record, () => this.publish(record)),
      );
  }

  /** Undefined: the end of the job reaches no room, or did. Else whether it does: false, where that was given up and another process has to do it. */
  end(jobId: string): Promise<boolean> | undefined {
    return this.ends.get(jobId);
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.submissions.values(), ...this.ends.values()]);
  }

  private async tellEnd(record: JobRecord): Promise<boolean> {
    await this.submissions.get(record.state.jobId);
    return this.tell(record, () => this.publishEnd(record));
  }

  /** Behind the submission, which may be told in another process, or by nobody, as that was killed. */
  private async publishEnd(record: JobRecord): Promise<void> {
    const submitted = submissionOf(record);
    try {
      await this.publish(record, idOf(submitted));
    } catch (error) {
      if (toWireError(error).code !== 'out_of_order') throw error;
      if (Date.now() - record.state.createdAt < CERTAIN_MS) await this.publish(submitted);
      await this.publish(record);
    }
  }

  private async publish(record: JobRecord, after?: string): Promise<void> {
    await this.publisher.publish(record.reaches!, 'job', newsOf(record), { id: idOf(record), after });
  }

  private async tell({ state, reaches }: JobRecord, publish: () => Promise<void>): Promise<boolean> {
    try {
      await keepTrying(publish);
      return true;
    } catch (error) {
      this.logger.error({ err: error, jobId: state.jobId, room: reaches }, 'a room could not be told of a job');
      return !mayPass(error);
    }
  }

  private keep<Value>(among: Map<string, Promise<Value>>, jobId: string, telling: Promise<Value>): void {
    among.set(jobId, telling);
    void telling.finally(() => among.get(jobId) === telling && among.delete(jobId));
  }
}

const idOf = ({ state: { jobId, revision } }: JobRecord) => `${jobId}.r${revision}`;

function submissionOf(record: JobRecord): JobRecord {
  const { jobId, name, createdAt } = record.state;
  return { ...record, state: { jobId, name, createdAt, state: 'queued', revision: 1 } };
}

function newsOf({ owner, state: { progress: _, place: __, result, ...state } }: JobRecord): JobNews {
  const isSmall = result !== undefined && Buffer.byteLength(JSON.stringify(result)) <= RESULT_MAX_BYTES;
  return { ...state, owner, ...(isSmall && { result }) };
}
