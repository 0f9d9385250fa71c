import { useState } from 'preact/hooks';
import { useSession } from '../session-context.js';
import { CodeSnippet } from '../ui/code-snippet.js';
import { Segments } from '../ui/segments.js';
import { snippets } from './snippets.js';

/** How to connect a program of one's own. */
export function ConnectSnippets() {
  const { http } = useSession();
  const all = snippets(http.url('').replace(/\/$/, ''));
  const [chosen, setChosen] = useState(all[0]!.id);
  const { about, code } = all.find(({ id }) => id === chosen)!;
  return (
    <section class="card overview-card snippets" aria-label="Connect a program">
      <header class="card-head">
        <h2>Connect a program</h2>
        <Segments label="Language" options={all.map(({ id, title }) => [id, title] as const)} value={chosen} onChange={setChosen} />
      </header>
      <p class="muted">{about}</p>
      <CodeSnippet code={code} />
    </section>
  );
}
