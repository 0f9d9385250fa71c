import { useState } from 'preact/hooks';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Refused } from '../ui/empty.js';
import { Icon } from '../ui/icon.js';
import type { ChatRoom } from './chat-room.js';
import { Composer } from './composer.js';
import { MessageList } from './message-list.js';
import { typingLine } from './typing-state.js';

/** What a narrow screen shows over the conversation. */
export type SidePanel = 'rooms' | 'people' | undefined;

interface ConversationProps {
  chat: ChatRoom;
  panel: SidePanel;
  onPanel: (panel: SidePanel) => void;
}

/** One room: its messages, who types, and the field to write in. */
export function Conversation({ chat, panel, onPanel }: ConversationProps) {
  const join = useStore(chat.join);
  const [editing, setEditing] = useState<string | undefined>(undefined);
  const { user } = useSession();
  const editLast = () => {
    const own = chat.log.get().messages.findLast(({ from, deleted }) => from.id === user.get()?.id && !deleted);
    setEditing(own?.position);
  };
  return (
    <section class="conversation" aria-label={`Room ${chat.name}`} data-testid="conversation" data-state={join.kind}>
      <ConversationHeader chat={chat} panel={panel} onPanel={onPanel} />
      {join.kind === 'refused' ? (
        <Refused title="The hub does not let you into this room" error={join.error} />
      ) : (
        <>
          <MessageList chat={chat} editing={editing} onEditing={setEditing} />
          <TypingLine chat={chat} />
          <Composer chat={chat} onEditLast={editLast} />
        </>
      )}
    </section>
  );
}

function ConversationHeader({ chat, panel, onPanel }: ConversationProps) {
  const people = useStore(chat.presence, ({ count }) => count);
  const toggle = (side: NonNullable<SidePanel>) => onPanel(panel === side ? undefined : side);
  return (
    <header class="page-header">
      <button
        type="button"
        class="icon-button only-narrow"
        aria-label="Rooms"
        aria-expanded={panel === 'rooms'}
        onClick={() => toggle('rooms')}
        data-testid="show-rooms"
      >
        <Icon name="rooms" />
      </button>
      <h1 data-testid="room-title">
        <span class="room-hash" aria-hidden="true">
          #
        </span>
        {chat.name.slice('chat:'.length)}
      </h1>
      <span class="spacer" />
      <button type="button" class="people-button" aria-expanded={panel === 'people'} onClick={() => toggle('people')}>
        <Icon name="people" />
        <span class="numbers" data-testid="presence-count">
          {people}
        </span>
        <span class="visually-hidden">{people === 1 ? 'person' : 'people'} here</span>
      </button>
    </header>
  );
}

function TypingLine({ chat }: { chat: ChatRoom }) {
  const text = typingLine(useStore(chat.typists));
  return (
    <p class="typing-line" role="status" data-testid="typing">
      {text && (
        <>
          <span class="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {text}
        </>
      )}
    </p>
  );
}
