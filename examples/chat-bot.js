// A bot that answers in a chat room, with the stock socket.io-client and nothing of Roomcast's.
//
//   npm start                                   in one terminal
//   node examples/chat-bot.js                   in another; then write "!dice" in the room lobby
//
// It shows all that a client of any language needs: subscribe with the last position, publish with an id, and both answered.
import { randomUUID } from 'node:crypto';
import { io } from 'socket.io-client';

const [url = 'http://127.0.0.1:3000', room = 'chat:lobby'] = process.argv.slice(2);
const socket = io(url, { auth: { name: 'Dice bot', guestKey: randomUUID().replaceAll('-', '') } });

/** The last position that was seen: after a reconnect, whatever came meanwhile is asked for. */
let since;
let me;

const answers = {
  '!dice': () => `${1 + Math.floor(Math.random() * 6)}`,
  '!help': () => 'I know !dice and !help.',
};

async function publish(id, text) {
  const answer = await socket.timeout(5_000).emitWithAck('publish', { room, id, data: { text } });
  if (answer.ok) console.log(`said "${text}" at ${answer.position}`);
  else console.error(`not said: ${answer.error.message}`);
}

function hear({ id, position, from, type, data }) {
  since = position;
  if (from.id === me || type !== 'text') return;
  const command = Object.hasOwn(answers, data?.text) ? answers[data.text] : undefined;
  // An id made from the question's: however often a question is read again, it has one answer.
  if (command) void publish(`re-${id}`.slice(0, 64), `@${from.name}: ${command()}`).catch((error) => console.error(error.message));
}

socket.on('welcome', ({ user }) => {
  me = user.id;
  // A callback, not a promise: what follows the answer at once is heard after it.
  socket.timeout(5_000).emit('subscribe', since ? { room, since } : { room }, (late, answer) => {
    if (late || !answer.ok) return console.error(`cannot join: ${late?.message ?? answer.error.message}`);
    console.log(`${user.name} listens in ${answer.room}`);
    if (since && !answer.recovered) console.error('some messages are gone');
    for (const message of answer.messages) hear(message);
  });
});
socket.on('message', hear);
socket.on('notice', (notice) => console.log('notice', notice));
socket.on('connect_error', (error) => console.error(`no connection: ${error.message}`));
process.once('SIGINT', () => socket.disconnect());
