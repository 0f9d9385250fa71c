import { BOUNDS } from '../../../shared/limits.js';
import { formatPosition, type Position, parsePosition } from '../../../shared/position.js';
import type { Message, MessageData, PresenceUsers } from '../../../shared/protocol.js';
import type { RoomName } from '../../../shared/rooms.js';
import type { Hub, HubError, Publication } from '../../sdk/roomcast.js';
import { batched, beforePaint } from '../lib/frame-batch.js';
import { createStore, type Store } from '../lib/store.js';
import type { Toasts } from '../toasts.js';
import { type ChatAction, type ChatMessage, type ChatState, chatReducer, EMPTY_CHAT, KEPT_FOLLOWING, KEPT_READING } from './chat-state.js';
import { afterChange } from './roster.js';
import { someoneTypes, stillTyping, stoppedTyping, type Typist } from './typing-state.js';

/** Messages in one step back into the history. */
const PAGE_MESSAGES = 50;

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
  const presence = createStore<PresenceUsers>({ count: 0 });
  const typists = createStore<readonly Typist[]>([]);
  const loading = createStore(false);
  const recovery = createStore({ times: 0, messages: 0 });
  const dispatch = (action: ChatAction) => log.set(chatReducer(log.get(), action));
  const arrived = batched<Message>(beforePaint(), (messages) => {
    dispatch({ kind: 'received', messages, keep: chat.following ? KEPT_FOLLOWING : KEPT_READING });
    for (const { from } of messages) typists.set(stoppedTyping(typists.get(), from.id));
  });
  const typingEnds = setInterval(() => typists.set(stillTyping(typists.get(), Date.now())), 1000);

  room.on('message', (message) => arrived.add(message));
  room.on('subscribed', (answer) => {
    join.set({ kind: 'joined' });
    if (answer.presence) presence.set(answer.presence);
    const first = answer.messages[0];
    if (!first && log.get().messages.length === 0) dispatch({ kind: 'older', messages: [], more: parsePosition(answer.position).seq > 0 });
  });
  room.on('gap', ({ after, position }) => {
    arrived.flush();
    dispatch({ kind: 'gap', after, position });
  });
  room.on('recovered', ({ messages }) => {
    const before = recovery.get();
    recovery.set({ times: before.times + 1, messages: before.messages + messages });
  });
  room.on('presence', (change) => {
    presence.set(afterChange(presence.get(), change));
    if (!presence.get().users && change.count <= BOUNDS.rosterUsers) room.presence().then(presence.set, () => {});
  });
  room.on('typing', ({ user }) => {
    if (user.id !== hub.user?.id) typists.set(someoneTypes(typists.get(), user, Date.now()));
  });
  room.on('error', (error) => join.set({ kind: 'refused', error }));
  room.ready.catch((error: HubError) => join.set({ kind: 'refused', error }));
  room.on('restored', (publication) => follow(publication));
  for (const publication of room.pending) follow(publication);

  /** Shows a text message's way to the hub; of a change only the failure. */
  function follow(publication: Publication): void {
    publication.done.catch((error: HubError) => {
      if (publication.type === 'text') dispatch({ kind: 'delivery', id: publication.id, state: 'failed', error: error.message });
      else toasts.show(error.message);
    });
    if (publication.type !== 'text') {
      if (hub.state !== 'online') toasts.show('The change is kept, and made when the hub is reached again.', 'note');
      return;
    }
    const { id, state } = publication;
    const { text } = publication.data as MessageData['text'];
    dispatch({ kind: 'outgoing', message: { id, text, time: Date.now(), state } });
    publication.onState((next) => dispatch({ kind: 'delivery', id, state: next }));
  }

  async function readPage(before: Position, done: (page: { messages: Message[]; more: boolean }) => void): Promise<void> {
    if (loading.get()) return;
    loading.set(true);
    try {
      const { messages, more } = await room.history({ before, limit: PAGE_MESSAGES });
      arrived.flush();
      done({ messages, more: more && messages.length > 0 });
    } catch (error) {
      toasts.show((error as HubError).message);
    } finally {
      loading.set(false);
    }
  }

  const chat: ChatRoom = {
    name,
    log,
    join,
    presence,
    typists,
    loading,
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
      await readPage(formatPosition(epoch, oldest), (page) => dispatch({ kind: 'older', ...page }));
    },
    async fillGap(after) {
      const { epoch, messages } = log.get();
      const next = messages.find(({ seq }) => seq > after);
      if (next) await readPage(formatPosition(epoch, next.seq), (page) => dispatch({ kind: 'filled', after, ...page }));
    },
    leave() {
      clearInterval(typingEnds);
      arrived.cancel();
      room.leave();
    },
  };
  return chat;
}
