import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { Icon } from '../ui/icon.js';

export function ToastList() {
  const { toasts } = useSession();
  return (
    <div class="toasts" role="alert">
      {useStore(toasts.shown).map(({ id, text, tone }) => (
        <div class={`toast ${tone}`} key={id} data-testid="toast">
          <span>{text}</span>
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => toasts.dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
