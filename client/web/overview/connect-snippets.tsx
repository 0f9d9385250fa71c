import { useState } from 'preact/hooks';
import { useSession } from '../session-context.js';
import { Icon } from '../ui/icon.js';
import { Segments } from '../ui/segments.js';
import { snippets } from './snippets.js';

/** How to connect a program of one's own. */
export function ConnectSnippets() {
  const { http, toasts } = useSession();
  const all = snippets(http.url('').replace(/\/$/, ''));
  const [chosen, setChosen] = useState(all[0]!.id);
  const [copied, setCopied] = useState(false);
  const { about, code } = all.find(({ id }) => id === chosen)!;
  const copy = () => {
    // Absent where the page is not loaded securely.
    const done = navigator.clipboard?.writeText(code) ?? Promise.reject();
    done.then(
      () => setCopied(true),
      () => toasts.show('This browser does not let a page copy: select the text instead.'),
    );
  };
  return (
    <section class="card overview-card snippets" aria-label="Connect a program">
      <header class="card-head">
        <h2>Connect a program</h2>
        <Segments
          label="Language"
          options={all.map(({ id, title }) => [id, title] as const)}
          value={chosen}
          onChange={(id) => {
            setChosen(id);
            setCopied(false);
          }}
        />
      </header>
      <p class="muted">{about}</p>
      <div class="snippet">
        <pre class="scrolls" data-testid="snippet">
          {code}
        </pre>
        <button type="button" class="button small" onClick={copy}>
          <Icon name={copied ? 'check' : 'copy'} />
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
    </section>
  );
}
