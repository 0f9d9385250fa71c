import { useState } from 'preact/hooks';
import { BOUNDS } from '../../../shared/limits.js';
import type { Settings, Theme } from '../settings.js';
import { Dialog } from '../ui/dialog.js';
import { Segments } from '../ui/segments.js';

const THEME_OPTIONS = [
  ['system', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark'],
] as const satisfies readonly (readonly [Theme, string])[];

interface SettingsDialogProps {
  settings: Settings;
  onSave: (settings: Settings) => void;
  onClose: () => void;
}

/** Display name, access token and appearance. */
export function SettingsDialog({ settings, onSave, onClose }: SettingsDialogProps) {
  const [draft, setDraft] = useState(settings);
  const save = () => onSave({ ...draft, name: draft.name.trim(), token: draft.token.trim() });
  return (
    <Dialog label="Settings" onClose={onClose} onSubmit={save}>
      <h1>Settings</h1>
      <label class="field">
        <span>Display name</span>
        <input
          class="input"
          value={draft.name}
          maxLength={BOUNDS.userNameChars}
          autocomplete="nickname"
          placeholder="As the hub names you"
          onInput={(event) => setDraft({ ...draft, name: event.currentTarget.value })}
          data-testid="settings-name"
        />
        <span class="hint">How others see you. A token that carries a name takes precedence.</span>
      </label>
      <label class="field">
        <span>Access token</span>
        <input
          class="input"
          type="password"
          value={draft.token}
          autocomplete="off"
          placeholder="None: you are a guest"
          onInput={(event) => setDraft({ ...draft, token: event.currentTarget.value })}
          data-testid="settings-token"
        />
        <span class="hint">Needed where the hub does not take guests. Forgotten when this tab closes.</span>
      </label>
      <div class="field">
        <span>Appearance</span>
        <div>
          <Segments label="Appearance" options={THEME_OPTIONS} value={draft.theme} onChange={(theme) => setDraft({ ...draft, theme })} />
        </div>
      </div>
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="button primary" data-testid="settings-save">
          Save
        </button>
      </div>
    </Dialog>
  );
}
