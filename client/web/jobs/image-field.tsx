import { useEffect, useRef, useState } from 'preact/hooks';
import { useBusy } from '../lib/use-busy.js';
import { useStore } from '../lib/use-store.js';
import { useSession } from '../session-context.js';
import { postImage, type RoomImage, roomImages } from './room-images.js';

/** Somebody who types a room's name has paused. */
const TYPED_MS = 300;

interface ImageFieldProps {
  /** What the field's control has in common with others. */
  common: Readonly<Record<string, unknown>>;
  label: string;
  room: string;
  value: string;
  onChange: (position: string) => void;
}

/** An image of a room, by its message's position: one that was posted there lately, or one that is posted now. */
export function ImageField({ common, label, room, value, onChange }: ImageFieldProps) {
  const { hub, state, toasts } = useSession();
  const online = useStore(state) === 'online';
  const [images, setImages] = useState<readonly RoomImage[]>([]);
  const [posting, beginPosting] = useBusy((message) => toasts.show(message));
  const picker = useRef<HTMLInputElement>(null);
  const show = (found: readonly RoomImage[], chosen?: string) => {
    setImages(found);
    onChange((found.find(({ position }) => position === chosen) ?? found[0])?.position ?? '');
  };
  useEffect(() => {
    if (!online) return;
    let current = true;
    const look = () =>
      roomImages(hub, room).then(
        (found) => current && show(found, value),
        () => current && show([]),
      );
    const timer = setTimeout(() => void look(), TYPED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [hub, online, room]);
  const post = (file: File) =>
    beginPosting(async () => {
      const position = await postImage(hub, room, file);
      show(await roomImages(hub, room), position);
    });
  return (
    <div class="image-field">
      <select {...common} aria-label={label} disabled={images.length === 0} onChange={(event) => onChange(event.currentTarget.value)}>
        {images.length === 0 && <option value="">No image among the newest messages</option>}
        {images.map(({ position, label: text }) => (
          <option key={position} value={position}>
            {text}
          </option>
        ))}
      </select>
      <button type="button" class="button small" disabled={posting || !online} onClick={() => picker.current?.click()}>
        Post an image
      </button>
      <input
        ref={picker}
        type="file"
        accept="image/*"
        hidden
        data-testid="job-image-file"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) void post(file);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}
