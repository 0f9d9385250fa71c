import { useState } from 'preact/hooks';
import { Icon } from '../ui/icon.js';
import type { ChatRoom } from './chat-room.js';
import type { ChatMessage } from './chat-state.js';
import { REACTIONS } from './reactions.js';

interface MessageActionsProps {
  message: ChatMessage;
  own: boolean;
  chat: ChatRoom;
  selfId: string;
  onEdit: () => void;
}

/** What one may do with a message: shown when it is pointed at, focused or tapped. Arrow keys lead here, not Tab. */
export function MessageActions({ message, own, chat, selfId, onEdit }: MessageActionsProps) {
  const [open, setOpen] = useState<'reactions' | 'delete' | undefined>(undefined);
  const react = (emoji: string) => {
    const mine = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.users.some(({ id }) => id === selfId));
    chat.react(message, emoji, !mine);
    setOpen(undefined);
  };
  const onKeyDown = (event: KeyboardEvent) => event.key === 'Escape' && setOpen(undefined);
  if (open === 'reactions') {
    return (
      <div class="message-actions open" role="toolbar" aria-label="Choose a reaction" onKeyDown={onKeyDown}>
        {REACTIONS.map((emoji) => (
          <button
            key={emoji}
            type="button"
            tabIndex={-1}
            class="icon-button emoji"
            aria-label={`React with ${emoji}`}
            onClick={() => react(emoji)}
            data-testid="react-choice"
          >
            {emoji}
          </button>
        ))}
        <button type="button" tabIndex={-1} class="icon-button" aria-label="Close" onClick={() => setOpen(undefined)}>
          <Icon name="close" />
        </button>
      </div>
    );
  }
  if (open === 'delete') {
    return (
      <div class="message-actions open" role="toolbar" aria-label="Delete this message?" onKeyDown={onKeyDown}>
        <button type="button" tabIndex={-1} class="button small danger" onClick={() => chat.remove(message)} data-testid="delete-confirm">
          Delete
        </button>
        <button type="button" tabIndex={-1} class="button small" onClick={() => setOpen(undefined)}>
          Keep
        </button>
      </div>
    );
  }
  return (
    <div class="message-actions" role="toolbar" aria-label={`Message of ${message.from.name}`}>
      <button
        type="button"
        tabIndex={-1}
        class="icon-button"
        aria-label="React"
        title="React"
        onClick={() => setOpen('reactions')}
        data-testid="message-react"
      >
        <Icon name="smile" />
      </button>
      {own && (
        <>
          <button
            type="button"
            tabIndex={-1}
            class="icon-button"
            aria-label="Edit"
            title="Edit"
            onClick={onEdit}
            data-testid="message-edit"
          >
            <Icon name="edit" />
          </button>
          <button
            type="button"
            tabIndex={-1}
            class="icon-button"
            aria-label="Delete"
            title="Delete"
            onClick={() => setOpen('delete')}
            data-testid="message-delete"
          >
            <Icon name="trash" />
          </button>
        </>
      )}
    </div>
  );
}
