import { useState } from 'preact/hooks';
import { Icon } from './icon.js';
import { useCopy } from './use-copy.js';

/** A piece of code and a button that copies it. */
export function CodeSnippet({ code }: { code: string }) {
  const copy = useCopy();
  const [copied, setCopied] = useState('');
  return (
    <div class="snippet">
      <pre class="scrolls" data-testid="snippet">
        {code}
      </pre>
      <button type="button" class="button small" onClick={() => copy(code).then(setCopied)}>
        <Icon name={copied === code ? 'check' : 'copy'} />
        {copied === code ? 'Copied' : 'Copy'}
      </button>
    </div>
  );
}
