import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { RoomName } from '../../../shared/rooms.js';
import type { ChatRoom } from '../chat/chat-room.js';
import { useStore } from '../lib/use-store.js';
import { formatValue } from '../metrics/units.js';
import { formatRoute } from '../route.js';
import { useSession } from '../session-context.js';
import { STATE_TEXT } from '../shell/nav.js';

/** This page's connection, and how far each joined room has been received. */
export function ConnectionCard() {
  const session = useSession();
  const state = useStore(session.state);
  const user = useStore(session.user);
  const joined = useStore(session.chats.joined);
  const answerMs = useAnswerTime(state === 'online');
  const transport = session.hub.socket.io.engine?.transport?.name;
  return (
    <section class="card overview-card" aria-label="This connection">
      <h2>This connection</h2>
      <dl class="facts">
        <Fact name="State">
          <span class={`dot ${state}`} /> {STATE_TEXT[state]}
        </Fact>
        <Fact name="Transport">{state === 'online' ? transport : '–'}</Fact>
        <Fact name="Answer time">{answerMs === undefined ? '–' : formatValue(answerMs, 'milliseconds')}</Fact>
        <Fact name="Name">{user?.name ?? '–'}</Fact>
        <Fact name="User id">
          <code>{user?.id ?? '–'}</code>
        </Fact>
      </dl>
      {joined.size > 0 && <Positions rooms={[...joined.keys()].sort()} />}
    </section>
  );
}

/** How far each joined room has been received, and what its returns have brought. */
function Positions({ rooms }: { rooms: readonly RoomName[] }) {
  const { chats } = useSession();
  return (
    <>
      <h3>Joined rooms</h3>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Room</th>
            <th scope="col">Position</th>
            <th scope="col">Recovered</th>
            <th scope="col">Gaps</th>
          </tr>
        </thead>
        <tbody>
          {rooms.map((name) => (
            <JoinedRow key={name} chat={chats.open(name)} />
          ))}
        </tbody>
      </table>
      <p class="muted">
        After a pause each room continues from its position; what cannot be had is marked as a gap, never left out silently.
      </p>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function JoinedRow({ chat }: { chat: ChatRoom }) {
  const { epoch, newest, gaps } = useStore(chat.log);
  const recovery = useStore(chat.recovery);
  return (
    <tr>
      <td>
        <a href={formatRoute({ page: 'chat', name: chat.name.slice('chat:'.length) })}>{chat.name}</a>
      </td>
      <td>
        <code>{epoch ? `${epoch}:${newest}` : '–'}</code>
      </td>
      <td class="numbers">{recovery.times === 0 ? '–' : `${recovery.messages} in ${recovery.times}`}</td>
      <td class="numbers">{gaps.length === 0 ? '–' : gaps.length}</td>
    </tr>
  );
}

const ASK_EVERY_MS = 5000;

/** Milliseconds that a small question takes to the hub and back, asked now and then. */
function useAnswerTime(online: boolean): number | undefined {
  const { hub } = useSession();
  const [answerMs, setAnswerMs] = useState<number | undefined>(undefined);
  useEffect(() => {
    if (!online) return;
    let current = true;
    const ask = async () => {
      const start = performance.now();
      const asked = await hub.request('presence', { room: 'chat:lobby' }).then(
        () => true,
        () => false,
      );
      if (current) setAnswerMs(asked ? performance.now() - start : undefined);
    };
    void ask();
    const timer = setInterval(() => !document.hidden && void ask(), ASK_EVERY_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [hub, online]);
  return online ? answerMs : undefined;
}
