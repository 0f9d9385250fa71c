import { HubError } from '../../shared/errors.js';
import type { Principal } from '../auth/principal.js';
import type { JobHandler } from './handler.js';
import type { JobLooks } from './job-looks.js';
import type { JobRecord } from './job-queue.js';
import { mayPass } from './keep-trying.js';

/** What the rooms say of a principal. */
export interface RoomAdmission {
  /** @throws HubError when the principal may not read the room that a job is about */
  admitReader(principal: Principal, room: string): Promise<unknown>;
  /** @throws HubError when the principal may not write to the room that a job reaches */
  admitWriter(principal: Principal, room: string): Promise<unknown>;
}

/** Who may do what with a job: its owner and admins all, who reads the room that it reaches may look at it. */
export class JobAccess {
  constructor(
    private readonly looks: Pick<JobLooks, 'find'>,
    private readonly rooms: RoomAdmission,
  ) {}

  /** A job whose states the principal may hear, up to that it was discarded. */
  async followed(principal: Principal, jobId: string): Promise<JobRecord | undefined> {
    const known = await this.looks.find(jobId);
    return known && (isOwner(principal, known) || (await this.isReader(principal, known))) ? known : undefined;
  }

  /** A job that the principal may look at. @throws HubError `unknown_job` */
  async seen(principal: Principal, jobId: string): Promise<JobRecord> {
    const known = await this.followed(principal, jobId);
    if (known && !known.discarded) return known;
    throw unknownJob(jobId);
  }

  /** A job with which the principal may do what it likes. @throws HubError `unknown_job`, `forbidden` */
  async own(principal: Principal, jobId: string): Promise<void> {
    if (isOwner(principal, await this.seen(principal, jobId))) return;
    throw new HubError('forbidden', 'only who handed the job in may do that');
  }

  /** Whether the principal may have the handler run on that input. @throws HubError `forbidden` and others of the room's */
  async admit(principal: Principal, { reach, roomOf }: JobHandler, input: unknown): Promise<void> {
    const room = roomOf(input);
    if (room === undefined) return;
    await this.rooms.admitReader(principal, room);
    if (reach === 'room') await this.rooms.admitWriter(principal, room);
  }

  private async isReader(principal: Principal, { reaches }: JobRecord): Promise<boolean> {
    if (reaches === undefined) return false;
    try {
      await this.rooms.admitReader(principal, reaches);
      return true;
    } catch (error) {
      if (mayPass(error)) throw error;
      return false;
    }
  }
}

export const unknownJob = (jobId: string): HubError => new HubError('unknown_job', `no job ${jobId}`);

const isOwner = (principal: Principal, { owner }: JobRecord) => principal.admin || owner === principal.user.id;
