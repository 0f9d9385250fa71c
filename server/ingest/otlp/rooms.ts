import { HubError } from '../../../shared/errors.js';
import type { Principal } from '../../auth/principal.js';
import type { IngestReport } from '../ingest-report.js';
import type { IngestKind, IngestService } from '../ingest-service.js';
import type { LabelOf } from '../sender-rooms.js';
import { type Attributes, textOf } from './attributes.js';
import { oncePer } from './once.js';

/** What is known of a resource, each part computed once for all of its items. */
export interface ResourcePlace {
  /** The room of its items where no rule fits. */
  readonly room: string;
  readonly attribute: LabelOf;
}

/** The rooms of one request: by rule, else by service, as far as the sender may use them. */
export class OtlpRooms {
  readonly #faults = new Map<string, HubError | undefined>();

  constructor(
    private readonly ingest: IngestService,
    private readonly principal: Principal,
    private readonly takes: IngestKind,
  ) {}

  readonly ofResource = oncePer((resource: Attributes): ResourcePlace => {
    const attributes = new Map(resource);
    const attribute = (key: string) => (attributes.has(key) ? textOf(attributes.get(key) ?? null) : undefined);
    return { attribute, room: this.ingest.rooms.roomOf(this.takes, () => undefined, attribute('service.name')) };
  });

  /**
   * The room of one item.
   * @throws HubError as `IngestService.admit`
   */
  of(labelOf: LabelOf, byDefault: string): string {
    const room = this.ingest.rooms.byRule(this.takes, labelOf) ?? byDefault;
    if (!this.#faults.has(room)) this.#faults.set(room, this.#faultOf(room));
    const fault = this.#faults.get(room);
    if (fault) throw fault;
    return room;
  }

  #faultOf(room: string): HubError | undefined {
    try {
      this.ingest.admit(this.principal, room);
      return undefined;
    } catch (error) {
      if (error instanceof HubError && error.code !== 'unauthorized') return error;
      throw error;
    }
  }
}

/** A sender that may use none of the rooms that it means is told so, rather than that nothing of it was good. @throws HubError `forbidden` */
export function refuseIfForbidden({ accepted, errors }: IngestReport): void {
  const first = errors[0];
  if (accepted === 0 && first?.code === 'forbidden') throw new HubError('forbidden', first.message);
}
