import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from '../ui/icon.js';
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
  const close = () => {
    document.activeElement?.closest('article')?.focus();
    setOpen(undefined);
  };
  const react = (emoji: string) => {
    const mine = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.users.some(({ id }) => id === selfId));
    chat.react(message, emoji, !mine);
    close();
  };
  switch (open) {
    case 'reactions':
      return (
        <Choice key="reactions" label="Choose a reaction" onClose={close}>
          {REACTIONS.map((emoji) => (
            <Action key={emoji} label={`React with ${emoji}`} testId="react-choice" onClick={() => react(emoji)}>
              {emoji}
            </Action>
          ))}
          <Action label="Close" icon="close" onClick={close} />
        </Choice>
      );
    case 'delete':
      return (
        <Choice key="delete" label="Delete this message?" onClose={close}>
          <button type="button" tabIndex={-1} class="button small" onClick={close}>
            Keep
          </button>
          <button type="button" tabIndex={-1} class="button small danger" onClick={() => chat.remove(message)} data-testid="delete-confirm">
            Delete
          </button>
        </Choice>
      );
    default:
      return (
        <div key="actions" class="message-actions" role="toolbar" aria-label={`Message of ${message.from.name}`}>
          <Action label="React" icon="smile" testId="message-react" onClick={() => setOpen('reactions')} />
          {own && <Action label="Edit" icon="edit" testId="message-edit" onClick={onEdit} />}
          {own && <Action label="Delete" icon="trash" testId="message-delete" onClick={() => setOpen('delete')} />}
        </div>
      );
  }
}

interface ActionProps {
  label: string;
  icon?: IconName;
  testId?: string;
  onClick: () => void;
  children?: ComponentChildren;
}

function Action({ label, icon, testId, onClick, children }: ActionProps) {
  return (
    <button type="button" tabIndex={-1} class="icon-button" aria-label={label} title={label} onClick={onClick} data-testid={testId}>
      {icon ? <Icon name={icon} /> : children}
    </button>
  );
}

/** A toolbar in the place of the actions; it takes the focus. */
function Choice({ label, onClose, children }: { label: string; onClose: () => void; children: ComponentChildren }) {
  const toolbar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    toolbar.current?.querySelector('button')?.focus();
  }, []);
  return (
    <div
      ref={toolbar}
      class="message-actions open"
      role="toolbar"
      aria-label={label}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      {children}
    </div>
  );
}
