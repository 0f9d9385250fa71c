import { toWireError } from '../../shared/errors.js';
import type { JobState, PublishAnswer } from '../../shared/protocol.js';
import type { SystemPublisher } from '../rooms/publisher.js';
import type { JobQueue } from './job-queue.js';
import { keepTrying, mayPass } from './keep-trying.js';
import type { RoomNews } from './room-news.js';
import type { JobLogger } from './thread-runner.js';

interface StatePublisherOptions {
  readonly queue: Pick<JobQueue, 'told'>;
  readonly publisher: SystemPublisher;
  readonly news: Pick<RoomNews, 'end'>;
  readonly logger: JobLogger;
}

type Position = PublishAnswer['position'];

/** A state on its way into its room. */
export interface Publication {
  readonly id: string;
  readonly state: JobState;
  /** Resolves once it and all before it are published, or given up; then its position is undefined. */
  readonly settled: Promise<Position | undefined>;
}

/**
 * Publishes states into their jobs' rooms. One does not wait for the one before it to be stored, the log refuses it where that is missing. The id of a
 * publication is the state's revision, so that a repeated try is not seen twice.
 */
export class StatePublisher {
  constructor(private readonly options: StatePublisherOptions) {}

  /** @param before the publication of the same job that this one follows */
  publish(state: JobState, before: Publication | undefined): Publication {
    const id = `${state.jobId}.r${state.revision}`;
    return { id, state, settled: this.settle(state, id, before) };
  }

  private async settle(state: JobState, id: string, before: Publication | undefined): Promise<Position | undefined> {
    const { queue, news, logger } = this.options;
    // First the room that the job reaches: who finds the end in the job's own room knows that it is told.
    const end = state.endedAt === undefined ? undefined : news.end(state.jobId);
    const reached = end ? await end : true;
    const isTold = () => reached && state.endedAt !== undefined && queue.told?.(state.jobId);
    try {
      const { position } = await keepTrying(() => this.publishInOrder(state, id, before));
      isTold();
      await before?.settled;
      return position;
    } catch (error) {
      logger.error({ err: error, jobId: state.jobId, state: state.state }, 'the state of a job could not be published');
      // What is refused for good is not tried by others either.
      if (!mayPass(error)) isTold();
      return undefined;
    }
  }

  private async publishInOrder(state: JobState, id: string, before: Publication | undefined): Promise<PublishAnswer> {
    const publishState = (after?: string) => this.options.publisher.publish(`job:${state.jobId}`, 'job', state, { id, after });
    try {
      return await publishState(before?.id);
    } catch (error) {
      await before?.settled;
      if (before === undefined || toWireError(error).code !== 'out_of_order') throw error;
      return publishState();
    }
  }
}
