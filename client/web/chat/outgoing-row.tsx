import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Avatar } from '../ui/avatar.js';
import { hueOf } from '../ui/hue.js';
import { Icon, type IconName } from '../ui/icon.js';
import type { ChatRoom } from './chat-room.js';
import type { Outgoing } from './chat-state.js';
import { MessageText } from './message-text.js';
import type { Row } from './timeline.js';

const STATES: Record<Outgoing['state'], { icon: IconName; text: string }> = {
  queued: { icon: 'clock', text: 'Waiting to be sent' },
  sent: { icon: 'send', text: 'Sent' },
  stored: { icon: 'check', text: 'Stored by the hub' },
  failed: { icon: 'warning', text: 'Not sent' },
};

/** An own message on its way, with how far it is; one that failed can be tried again. */
export function OutgoingRow({ row: { message, first }, chat }: { row: Extract<Row, { kind: 'outgoing' }>; chat: ChatRoom }) {
  const { user } = useSession();
  const self = useStore(user) ?? { id: '', name: 'You' };
  const { icon, text } = STATES[message.state];
  return (
    <article
      class={`message outgoing${first ? ' first' : ''} ${message.state}`}
      data-key={`out-${message.id}`}
      data-testid="chat-message"
      data-own="true"
      tabIndex={-1}
      aria-label={`${self.name}: ${text}`}
    >
      <div class="message-gutter">{first && <Avatar user={self} />}</div>
      <div class="message-body">
        {first && (
          <header class="message-header">
            <span class={`author hue-${hueOf(self.id)}`}>{self.name}</span>
          </header>
        )}
        <p class="message-text">
          <MessageText text={message.text} />
          <span class="message-mark" title={text} data-testid="message-state" data-state={message.state}>
            <Icon name={icon} />
            <span class="visually-hidden">{text}</span>
          </span>
        </p>
        {message.state === 'failed' && (
          <p class="failure">
            <span>Not sent: {message.error ?? 'the hub refused it'}.</span>
            <button type="button" class="button small" onClick={() => chat.retry(message.id)} data-testid="message-retry">
              <Icon name="retry" />
              Try again
            </button>
            <button type="button" class="button small" onClick={() => chat.discard(message.id)}>
              Discard
            </button>
          </p>
        )}
      </div>
    </article>
  );
}
