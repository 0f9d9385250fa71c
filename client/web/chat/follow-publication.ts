import type { MessageData } from '../../../shared/protocol.js';
import type { Hub, HubError, Publication } from '../../sdk/roomcast.js';
import type { Toasts } from '../toasts.js';
import type { ChatAction } from './chat-state.js';

interface Told {
  readonly hub: Pick<Hub, 'state'>;
  readonly toasts: Toasts;
  dispatch(action: ChatAction): void;
}

/** Shows a text message's way to the hub; of a change (edit, deletion, reaction) only the failure, and that it waits. */
export function followPublication(publication: Publication, { hub, toasts, dispatch }: Told): void {
  publication.done.catch((error: HubError) => {
    if (publication.type === 'text') dispatch({ kind: 'delivery', id: publication.id, state: 'failed', error: error.message });
    else toasts.show(error.message);
  });
  if (publication.type !== 'text') {
    if (hub.state !== 'online') toasts.show('The change is kept, and made when the hub is reached again.', 'note');
    return;
  }
  const { id, state } = publication;
  const { text } = publication.data as MessageData['text'];
  dispatch({ kind: 'outgoing', message: { id, text, time: Date.now(), state } });
  publication.onState((next) => dispatch({ kind: 'delivery', id, state: next }));
}
