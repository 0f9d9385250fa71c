import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { serve } from './serve.js';

const JOIN = 'join ';

/** What is left when there is no Socket.IO either: bare WebSockets and a loop over the members, each publication encoded once. */
serve<object>(async (server) => {
  const rooms = new Map<string, Set<WebSocket>>();
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => {
    socket.on('message', (data: RawData) => {
      const text = data.toString();
      if (text.startsWith(JOIN)) join(rooms, socket, text.slice(JOIN.length));
      else publish(rooms, socket, text);
    });
  });
});

function join(rooms: Map<string, Set<WebSocket>>, socket: WebSocket, name: string): void {
  const room = rooms.get(name) ?? new Set();
  rooms.set(name, room.add(socket));
  socket.once('close', () => room.delete(socket));
  socket.send('{"ok":true}');
}

function publish(rooms: Map<string, Set<WebSocket>>, socket: WebSocket, text: string): void {
  const publication = JSON.parse(text) as { room: string };
  const message = JSON.stringify(publication);
  for (const member of rooms.get(publication.room) ?? []) member.send(message);
  socket.send('{"ok":true}');
}
