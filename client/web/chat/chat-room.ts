import { formatPosition, parsePosition } from '../../../shared/position.js';
import type { Message, MessageData, PresenceUsers } from '../../../shared/protocol.js';
import type { RoomName } from '../../../shared/rooms.js';
import type { Hub, HubError, Publication } from '../../sdk/roomcast.js';
import { batched, beforePaint } from '../lib/frame-batch.js';
import { createStore, type Store } from '../lib/store.js';
import type { Toasts } from '../toasts.js';
import { type ChatAction, type ChatMessage, type ChatState, chatReducer, EMPTY_CHAT, KEPT_FOLLOWING, KEPT_READING } from './chat-state.js';
import { followPresence } from './follow-presence.js';
import { followPublication } from './follow-publication.js';
import { followTyping } from './follow-typing.js';
import { PAGE_MESSAGES, pastPages } from './past-pages.js';
import type { Typist } from './typing-state.js';

export type JoinState = { kind: 'joining' } | { kind: 'joined' } | { kind: 'refused'; error: HubError };

/** A joined chat room: what a reader sees of it, and what one may do there. It lives on while another page is shown. */
export interface ChatRoom {
  readonly name: RoomName;
  readonly log: Store<ChatState>;
  readonly join: Store<JoinState>;
  readonly presence: Store<PresenceUsers>;
  readonly typists: Store<readonly Typist[]>;
  readonly loading: Store<boolean>;
  /** Returns after a pause with nothing missing, and the messages that they brought. */
  readonly recovery: Store<{ times: number; messages: number }>;
  /** Whether the reader is at the newest end: decides how much of the past is held. */
  following: boolean;
  send(text: string): void;
  /** Publishes a failed message again, under the same id. */
  retry(id: string): void;
  discard(id: string): void;
  edit(message: ChatMessage, text: string): void;
  remove(message: ChatMessage): void;
  react(message: ChatMessage, emoji: string, on: boolean): void;
  typed(): void;
  loadOlder(): Promise<void>;
  /** Reads what the hub still has of the messages missing after `after`. */
  fillGap(after: number): Promise<void>;
  leave(): void;
}

export interface ChatRoomOptions {
  readonly hub: Hub;
  readonly name: RoomName;
  /** Told what the messages themselves do not show: refused changes, a history that cannot be read. */
  readonly toasts: Toasts;
}

export function joinChatRoom({ hub, name, toasts }: ChatRoomOptions): ChatRoom {
  const room = hub.room<MessageData['text']>(name, { last: PAGE_MESSAGES });
  const log = createStore(EMPTY_CHAT);
  const join = createStore<JoinState>({ kind: 'joining' });
  const recovery = createStore({ times: 0, messages: 0 });
  const presence = followPresence(room);
  const typing = followTyping(hub, room);
  const past = pastPages(room, toasts);
  const dispatch = (action: ChatAction) => log.set(chatReducer(log.get(), action));
  const follow = (publication: Publication) => followPublication(publication, { hub, toasts, dispatch });
  const arrived = batched<Message>(beforePaint(), (messages) => {
    dispatch({ kind: 'received', messages, keep: chat.following ? KEPT_FOLLOWING : KEPT_READING });
    for (const { from } of messages) typing.arrived(from.id);
  });

  /** Behind the messages that arrived before. */
  const dispatchInOrder = (action: ChatAction) => {
    arrived.flush();
    dispatch(action);
  };

  room.on('message', (message) => arrived.add(message));
  room.on('subscribed', (answer) => {
    join.set({ kind: 'joined' });
    const first = answer.messages[0];
    if (!first && log.get().messages.length === 0) dispatch({ kind: 'older', messages: [], more: parsePosition(answer.position).seq > 0 });
  });
  room.on('gap', ({ after, position }) => dispatchInOrder({ kind: 'gap', after, position }));
  room.on('recovered', ({ messages }) => {
    const before = recovery.get();
    recovery.set({ times: before.times + 1, messages: before.messages + messages });
  });
  room.on('error', (error) => join.set({ kind: 'refused', error }));
  room.ready.catch((error: HubError) => join.set({ kind: 'refused', error }));
  room.on('restored', follow);
  for (const publication of room.pending) follow(publication);

  const chat: ChatRoom = {
    name,
    log,
    join,
    presence,
    typists: typing.typists,
    loading: past.loading,
    recovery,
    following: true,
    send: (text) => follow(room.publish({ text })),
    retry(id) {
      const message = log.get().outgoing.find((own) => own.id === id);
      if (message?.state === 'failed') follow(room.publish({ text: message.text }, { id }));
    },
    discard: (id) => dispatch({ kind: 'discarded', id }),
    edit: ({ position }, text) => follow(room.publish<'edit'>({ target: position, text }, { type: 'edit' })),
    remove: ({ position }) => follow(room.publish<'delete'>({ target: position }, { type: 'delete' })),
    react: ({ position }, emoji, on) => follow(room.publish<'reaction'>({ target: position, emoji, on }, { type: 'reaction' })),
    typed: () => room.typing(),
    async loadOlder() {
      const { epoch, oldest, more } = log.get();
      if (!more || epoch === '' || !Number.isFinite(oldest)) return;
      await past.read(formatPosition(epoch, oldest), (page) => dispatchInOrder({ kind: 'older', ...page }));
    },
    async fillGap(after) {
      const { epoch, messages } = log.get();
      const next = messages.find(({ seq }) => seq > after);
      if (next) await past.read(formatPosition(epoch, next.seq), (page) => dispatchInOrder({ kind: 'filled', after, ...page }));
    },
    leave() {
      typing.end();
      arrived.cancel();
      room.leave();
    },
  };
  return chat;
}
