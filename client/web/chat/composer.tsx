import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../ui/icon.js';
import type { ChatRoom } from './chat-room.js';

/** Characters of one message: well below the hub's limit of bytes. */
export const MESSAGE_CHARS = 20_000;

/** Enter ends a message, unless it breaks a line or ends what an input method composes. Takes the key from the field then. */
export function isEntered(event: KeyboardEvent): boolean {
  if (event.isComposing || event.key !== 'Enter' || event.shiftKey) return false;
  event.preventDefault();
  return true;
}

/** The field to write in. Enter sends, Shift+Enter breaks the line, the up arrow in an empty field edits one's last message. */
export function Composer({ chat, onEditLast }: { chat: ChatRoom; onEditLast: () => void }) {
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // A touch screen would open its keyboard over the messages.
    if (matchMedia('(pointer: fine)').matches) field.current?.focus();
  }, []);
  const send = () => {
    const trimmed = text.trim();
    if (trimmed === '') return;
    chat.send(trimmed);
    setText('');
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isEntered(event)) send();
    else if (event.key === 'ArrowUp' && text === '' && !event.isComposing) {
      event.preventDefault();
      onEditLast();
    }
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={field}
        class="composer-field scrolls"
        rows={1}
        value={text}
        maxLength={MESSAGE_CHARS}
        placeholder={`Write to #${chat.name.slice('chat:'.length)}`}
        aria-label="Message"
        enterkeyhint="send"
        onKeyDown={onKeyDown}
        onInput={(event) => {
          setText(event.currentTarget.value);
          if (event.currentTarget.value.trim() !== '') chat.typed();
        }}
        data-testid="chat-input"
      />
      <button type="submit" class="composer-send" aria-label="Send" disabled={text.trim() === ''} data-testid="chat-send">
        <Icon name="send" />
      </button>
    </form>
  );
}
