import { useEffect, useMemo, useState } from 'preact/hooks';
import { dayName } from '../lib/format.js';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Empty } from '../ui/empty.js';
import { Icon } from '../ui/icon.js';
import type { ChatRoom } from './chat-room.js';
import { JobRow } from './job-row.js';
import { moveAmongMessages } from './message-keys.js';
import { MessageRow } from './message-row.js';
import { OutgoingRow } from './outgoing-row.js';
import { type Row, timeline } from './timeline.js';
import { useReading, useReadUpTo } from './use-reading.js';
import { useScrollKeeper } from './use-scroll-keeper.js';

interface MessageListProps {
  chat: ChatRoom;
  /** Position of the message that is being edited. */
  editing: string | undefined;
  onEditing: (position: string | undefined) => void;
}

/** The messages, newest at the bottom. Scrolling up reads the history; the place being read never moves by itself. */
export function MessageList({ chat, editing, onEditing }: MessageListProps) {
  const { user } = useSession();
  const log = useStore(chat.log);
  const loading = useStore(chat.loading);
  const join = useStore(chat.join);
  const selfId = useStore(user)?.id ?? '';
  const readUpTo = useReadUpTo(chat, log.epoch);
  const rows = useMemo(() => timeline({ ...log, selfId, readUpTo: readUpTo || undefined }), [log, selfId, readUpTo]);
  const last = log.outgoing.at(-1)?.id ?? log.messages.at(-1)?.id;
  const scroll = useScrollKeeper({ rows, lastKey: last, ownLast: log.outgoing.length > 0 && log.outgoing.at(-1)?.state !== 'failed' });

  useReading(chat, { following: scroll.following, readUpTo, newest: log.newest });
  useEffect(() => {
    if (scroll.nearTop && log.more && !loading) void chat.loadOlder();
  }, [scroll.nearTop, log.oldest, log.more, loading]);

  // Only the row that is pointed at or focused has its buttons in the page.
  const [active, setActive] = useState<string | undefined>(undefined);
  const activate = ({ target }: Event) => setActive((target as Element).closest<HTMLElement>('[data-key]')?.dataset.key ?? active);

  const empty = rows.length === 0 && join.kind === 'joined' && !loading && !log.more;
  return (
    <div class="messages">
      <div
        class="messages-scroll scrolls"
        ref={scroll.ref}
        onScroll={scroll.onScroll}
        onKeyDown={moveAmongMessages}
        onPointerOver={activate}
        onFocusIn={activate}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        tabIndex={0}
        role="log"
        aria-label="Messages"
        data-testid="messages"
      >
        <div class="messages-content">
          {log.more && rows.length > 0 && (
            <div class="history-end">{loading && <span class="spinner" role="status" aria-label="Loading" />}</div>
          )}
          {!log.more && rows.length > 0 && (
            <p class="history-end" data-testid="history-beginning">
              <span>
                This is the beginning of <strong>#{chat.name.slice('chat:'.length)}</strong>.
              </span>
            </p>
          )}
          {empty && (
            <Empty icon="chat" title="Nothing has been written here yet">
              Say hello: the room exists from its first message on.
            </Empty>
          )}
          {rows.map((row) => (
            <TimelineRow
              key={row.key}
              row={row}
              chat={chat}
              selfId={selfId}
              active={row.key === active}
              editing={editing}
              onEditing={onEditing}
            />
          ))}
        </div>
      </div>
      {!scroll.following && (
        <button type="button" class="to-newest" onClick={scroll.toNewest} data-testid="new-messages">
          <Icon name="down" />
          {scroll.unseen ? 'New messages' : 'To the newest'}
        </button>
      )}
    </div>
  );
}

interface TimelineRowProps extends MessageListProps {
  row: Row;
  selfId: string;
  active: boolean;
}

function TimelineRow({ row, chat, selfId, active, editing, onEditing }: TimelineRowProps) {
  switch (row.kind) {
    case 'day':
      return (
        <div class="day-line" data-key={row.key}>
          <span>{dayName(row.time, Date.now())}</span>
        </div>
      );
    case 'unread':
      return (
        <div class="unread-line" data-key={row.key}>
          <span>New</span>
        </div>
      );
    case 'gap':
      return (
        <div class="gap-line" role="note" data-key={row.key} data-testid="gap">
          <span>{row.gap.lost ? 'Messages are missing here: the hub no longer has them.' : 'Messages are missing here.'}</span>
          {!row.gap.lost && (
            <button type="button" class="button small" onClick={() => void chat.fillGap(row.gap.after)}>
              Load them
            </button>
          )}
        </div>
      );
    case 'job':
      return <JobRow row={row} chat={chat} selfId={selfId} />;
    case 'outgoing':
      return <OutgoingRow row={row} chat={chat} />;
    case 'message':
      return <MessageRow row={row} chat={chat} selfId={selfId} active={active} editing={editing === row.key} onEditing={onEditing} />;
  }
}
