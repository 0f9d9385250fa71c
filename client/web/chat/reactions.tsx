import type { Reaction } from './changes.js';

/** Reactions on offer; any other that comes over the wire is shown all the same. */
export const REACTIONS = ['👍', '❤️', '😄', '🎉', '👀', '✅'] as const;

interface ReactionsProps {
  reactions: readonly Reaction[];
  selfId: string;
  onReact: (emoji: string, on: boolean) => void;
}

/** The reactions below a message: a press joins or takes one's own back. */
export function Reactions({ reactions, selfId, onReact }: ReactionsProps) {
  return (
    <div class="reactions">
      {reactions.map(({ emoji, users }) => {
        const mine = users.some(({ id }) => id === selfId);
        return (
          <button
            key={emoji}
            type="button"
            tabIndex={-1}
            class="reaction"
            aria-pressed={mine}
            title={users.map(({ name }) => name).join(', ')}
            onClick={() => onReact(emoji, !mine)}
            data-testid="reaction"
          >
            <span>{emoji}</span>
            <span class="numbers">{users.length}</span>
          </button>
        );
      })}
    </div>
  );
}
