import { hueOf } from './hue.js';

/** A user's first letter on a colour that is always the same for that user. */
export function Avatar({ user }: { user: { id: string; name: string } }) {
  const letter = [...user.name.trim()][0]?.toLocaleUpperCase() ?? '?';
  return (
    <span class={`avatar hue-${hueOf(user.id)}`} aria-hidden="true">
      {letter}
    </span>
  );
}
