import type { User } from '../../shared/protocol.js';
import { connect, type Hub, type HubError, type HubState } from '../sdk/roomcast.js';
import { type ChatRooms, createChatRooms } from './chat/chat-rooms.js';
import { createHttpApi, type HttpApi } from './http-api.js';
import { createJobBoard, type JobBoard } from './jobs/job-board.js';
import { createStore, type Store } from './lib/store.js';
import { guestKey, type Settings } from './settings.js';
import { createToasts, type Toasts } from './toasts.js';

/** One connection to the hub, under one name, and all that the pages share of it. */
export interface Session {
  /** Tells one session of this page from the next. */
  readonly id: string;
  readonly hub: Hub;
  readonly http: HttpApi;
  readonly state: Store<HubState>;
  readonly user: Store<User | undefined>;
  /** Why the hub does not let this page in; undefined once it does. */
  readonly refusal: Store<HubError | undefined>;
  /** A connection existed: being offline now is a loss, not a start. */
  readonly wasOnline: Store<boolean>;
  readonly toasts: Toasts;
  readonly chats: ChatRooms;
  readonly jobs: JobBoard;
  close(): Promise<void>;
}

/** The directory that the page was loaded from: a hub may be mounted below a path. */
const BASE = new URL('.', document.baseURI);

export function openSession({ name, token }: Pick<Settings, 'name' | 'token'>): Session {
  const key = guestKey();
  const hub = connect(undefined, { guestKey: key, ...(name && { name }), ...(token && { token }) });
  const http = createHttpApi(BASE, token ? { token } : { guestKey: key, name });
  const toasts = createToasts();
  const session: Session = {
    id: Math.random().toString(36),
    hub,
    http,
    state: createStore(hub.state),
    user: createStore(hub.user),
    refusal: createStore<HubError | undefined>(undefined),
    wasOnline: createStore(false),
    toasts,
    chats: createChatRooms(hub, toasts),
    jobs: createJobBoard(hub),
    async close() {
      session.jobs.close();
      session.chats.close();
      await hub.close();
    },
  };
  hub.on('user', session.user.set);
  hub.on('error', (error) => {
    if (hub.state === 'online') toasts.show(error.message);
    else session.refusal.set(error);
  });
  hub.on('notice', (notice) => {
    if (notice.kind !== 'lagging') return;
    const { room, behind, dropped } = notice;
    const left = dropped ? `, ${dropped} of them are left out` : '';
    toasts.show(`This page reads too slowly: it missed ${behind} messages of ${room}${left}.`, 'note');
  });
  hub.on('state', (state) => {
    session.state.set(state);
    if (state !== 'online') return;
    session.wasOnline.set(true);
    session.refusal.set(undefined);
  });
  return session;
}
