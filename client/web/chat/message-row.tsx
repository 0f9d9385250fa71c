import { clockShort, clockTime, fullTime } from '../lib/format.js';
import { memo } from '../lib/memo.js';
import { Avatar } from '../ui/avatar.js';
import { hueOf } from '../ui/hue.js';
import { Icon } from '../ui/icon.js';
import type { ChatRoom } from './chat-room.js';
import type { ChatMessage } from './chat-state.js';
import { MessageActions } from './message-actions.js';
import { MessageEditor } from './message-editor.js';
import { MessageText } from './message-text.js';
import { Reactions } from './reactions.js';
import type { Row } from './timeline.js';

interface MessageRowProps {
  row: Extract<Row, { kind: 'message' }>;
  chat: ChatRoom;
  selfId: string;
  /** Pointed at or focused: it shows what one may do with it. */
  active: boolean;
  editing: boolean;
  onEditing: (position: string | undefined) => void;
}

/** One message; the first of a group shows its author. */
export const MessageRow = memo(
  function MessageRow({ row: { message, first }, chat, selfId, active, editing, onEditing }: MessageRowProps) {
    const own = message.from.id === selfId;
    return (
      <article
        class={`message${first ? ' first' : ''}`}
        data-key={message.position}
        data-testid="chat-message"
        data-position={message.position}
        data-own={own}
        tabIndex={-1}
        aria-label={`${message.from.name}, ${clockTime(message.time)}`}
      >
        <div class="message-gutter">{first ? <Avatar user={message.from} /> : <Time time={message.time} short />}</div>
        <div class="message-body">
          {first && (
            <header class="message-header">
              <span class={`author hue-${hueOf(message.from.id)}`} data-testid="message-author">
                {message.from.name}
              </span>
              <Time time={message.time} />
            </header>
          )}
          {editing ? (
            <MessageEditor message={message} onSave={(text) => chat.edit(message, text)} onClose={() => onEditing(undefined)} />
          ) : (
            <Content message={message} own={own} />
          )}
          {message.reactions.length > 0 && (
            <Reactions reactions={message.reactions} selfId={selfId} onReact={(emoji, on) => chat.react(message, emoji, on)} />
          )}
        </div>
        {active && !message.deleted && !editing && (
          <MessageActions message={message} own={own} chat={chat} selfId={selfId} onEdit={() => onEditing(message.position)} />
        )}
      </article>
    );
  },
  (a, b) =>
    a.row.message === b.row.message &&
    a.row.first === b.row.first &&
    a.active === b.active &&
    a.editing === b.editing &&
    a.selfId === b.selfId &&
    a.chat === b.chat,
);

function Content({ message, own }: { message: ChatMessage; own: boolean }) {
  if (message.deleted) return <p class="message-text deleted">This message was deleted.</p>;
  return (
    <p class="message-text">
      <MessageText text={message.text} />
      {message.edited && <span class="message-mark">edited</span>}
      {own && (
        <span class="message-mark stored" title="Stored by the hub" data-testid="message-state" data-state="stored">
          <Icon name="check" />
          <span class="visually-hidden">stored</span>
        </span>
      )}
    </p>
  );
}

function Time({ time, short }: { time: number; short?: boolean }) {
  return (
    <time class="message-time numbers" dateTime={new Date(time).toISOString()} title={fullTime(time)}>
      {short ? clockShort(time) : clockTime(time)}
    </time>
  );
}
