import { useEffect, useState } from 'preact/hooks';
import { HubError } from '../../../shared/errors.js';
import type { RoomName } from '../../../shared/rooms.js';
import { useSession } from '../session-context.js';
import { Empty } from '../ui/empty.js';
import { navigate } from '../use-route.js';
import { Conversation, type SidePanel } from './conversation.js';
import { chatRoomOf } from './joined-rooms.js';
import { RoomList } from './room-list.js';
import { RosterPanel } from './roster-panel.js';

/** The rooms, one conversation, and who is in it. */
export function ChatPage({ name }: { name: string }) {
  const { chats } = useSession();
  const [panel, setPanel] = useState<SidePanel>(undefined);
  const room = checked(name);

  useEffect(() => setPanel(undefined), [name]);
  useEffect(() => {
    const close = (event: KeyboardEvent) => event.key === 'Escape' && setPanel(undefined);
    addEventListener('keydown', close);
    return () => removeEventListener('keydown', close);
  }, []);
  const leave = (left: RoomName) => {
    chats.leave(left);
    if (left === room) navigate({ page: 'chat', name: [...chats.joined.get().keys()].at(-1)?.slice('chat:'.length) ?? 'lobby' });
  };

  return (
    <div class="chat" data-panel={panel}>
      <RoomList current={typeof room === 'string' ? room : undefined} onLeave={leave} />
      {typeof room === 'string' ? (
        <>
          <Conversation key={room} chat={chats.open(room)} panel={panel} onPanel={setPanel} />
          <RosterPanel key={`${room} people`} chat={chats.open(room)} />
        </>
      ) : (
        <section class="conversation">
          <Empty icon="warning" title="There can be no such room">
            {room.message}
          </Empty>
        </section>
      )}
      {panel && <button type="button" class="veil" aria-label="Back to the conversation" onClick={() => setPanel(undefined)} />}
    </div>
  );
}

function checked(name: string): RoomName | HubError {
  try {
    return chatRoomOf(`chat:${name}`);
  } catch (error) {
    return error instanceof HubError ? error : new HubError('invalid');
  }
}
