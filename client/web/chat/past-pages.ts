import type { Position } from '../../../shared/position.js';
import type { Message } from '../../../shared/protocol.js';
import type { HubError, Room } from '../../sdk/roomcast.js';
import { createStore, type Store } from '../lib/store.js';
import type { Toasts } from '../toasts.js';

/** Messages in one step back into the history. */
export const PAGE_MESSAGES = 50;

interface Page {
  /** Oldest first. */
  readonly messages: Message[];
  /** The log holds older ones. */
  readonly more: boolean;
}

/** A room's history, one page at a time. */
export interface PastPages {
  readonly loading: Store<boolean>;
  /** Gives the page before a position to `done`; nothing while another one is being read, or where it cannot be read. */
  read(before: Position, done: (page: Page) => void): Promise<void>;
}

export function pastPages(room: Pick<Room, 'history'>, toasts: Toasts): PastPages {
  const loading = createStore(false);
  return {
    loading,
    async read(before, done) {
      if (loading.get()) return;
      loading.set(true);
      try {
        const { messages, more } = await room.history({ before, limit: PAGE_MESSAGES });
        done({ messages, more: more && messages.length > 0 });
      } catch (error) {
        toasts.show((error as HubError).message);
      } finally {
        loading.set(false);
      }
    },
  };
}
