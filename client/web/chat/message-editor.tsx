import { useEffect, useRef, useState } from 'preact/hooks';
import type { ChatMessage } from './chat-state.js';
import { isEntered, MESSAGE_CHARS } from './composer.js';

interface MessageEditorProps {
  message: ChatMessage;
  onSave: (text: string) => void;
  onClose: () => void;
}

/** An own message's text, open for change. Enter saves, Escape leaves it as it was. */
export function MessageEditor({ message, onSave, onClose }: MessageEditorProps) {
  const [text, setText] = useState(message.text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);
  const close = () => {
    field.current?.closest('article')?.focus();
    onClose();
  };
  const save = () => {
    const trimmed = text.trim();
    if (trimmed === '') return;
    if (trimmed !== message.text) onSave(trimmed);
    close();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (isEntered(event)) save();
    else if (event.key === 'Escape' && !event.isComposing) close();
  };
  return (
    <div class="message-editor">
      <textarea
        ref={field}
        class="input composer-field"
        rows={1}
        value={text}
        maxLength={MESSAGE_CHARS}
        aria-label="Edit message"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        data-testid="edit-input"
      />
      <div class="message-editor-actions">
        <button type="button" class="button small" onClick={close}>
          Cancel
        </button>
        <button type="button" class="button small primary" disabled={text.trim() === ''} onClick={save} data-testid="edit-save">
          Save
        </button>
      </div>
    </div>
  );
}
