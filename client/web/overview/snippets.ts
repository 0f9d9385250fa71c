/** One way to connect something to this hub. */
export interface Snippet {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  readonly code: string;
}

/** @param origin the hub's own address, without a slash at its end */
export function snippets(origin: string): readonly Snippet[] {
  return [
    {
      id: 'client',
      title: 'Client',
      about: 'The client for browsers and Node: an outbox, recovery, presence, metrics and jobs.',
      code: `import { connect } from 'roomcast/client';

const hub = connect('${origin}', { name: 'Ada' });
const room = hub.room('chat:lobby');
room.on('message', ({ from, data }) => console.log(from.name, data.text));
await room.publish({ text: 'hello' }).done;`,
    },
    {
      id: 'socket.io',
      title: 'Socket.IO',
      about: 'Any stock Socket.IO client, of any language.',
      code: `import { io } from 'socket.io-client';

const socket = io('${origin}');
socket.on('message', ({ position, from, data }) => console.log(position, from.name, data));
const { messages } = await socket.emitWithAck('subscribe', { room: 'chat:lobby', last: 20 });
await socket.emitWithAck('publish', {
  room: 'chat:lobby', id: crypto.randomUUID(), data: { text: 'hello' },
});`,
    },
    {
      id: 'sse',
      title: 'Event stream',
      about: 'A browser follows a room without any library; it continues where it broke off.',
      code: `const events = new EventSource('${origin}/api/rooms/chat:lobby/events?last=20');
events.addEventListener('message', (event) => console.log(event.lastEventId, JSON.parse(event.data)));`,
    },
    {
      id: 'curl',
      title: 'curl',
      about: 'Publish, read on from a position and wait for news, over plain HTTP.',
      code: `curl ${origin}/api/rooms/chat:lobby/messages \\
  -H 'Content-Type: application/json' -d '{"data":{"text":"hello"}}'

curl '${origin}/api/rooms/chat:lobby/messages?limit=20'
curl '${origin}/api/rooms/chat:lobby/messages?after=POSITION&wait=25'`,
    },
    {
      id: 'python',
      title: 'Python',
      about: 'With python-socketio, as Debian packages it.',
      code: `import socketio, uuid

hub = socketio.Client()

@hub.on('message')
def message(m):
    print(m['position'], m['from']['name'], m['data'])

hub.connect('${origin}')
hub.call('subscribe', {'room': 'chat:lobby', 'last': 20})
hub.call('publish', {'room': 'chat:lobby', 'id': str(uuid.uuid4()), 'data': {'text': 'hello'}})
hub.wait()`,
    },
  ];
}
