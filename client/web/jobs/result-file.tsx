import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { bytes as bytesText } from '../lib/format.js';
import { useBusy } from '../lib/use-busy.js';
import { useSession } from '../session-context.js';
import { Icon } from '../ui/icon.js';

interface ResultFileProps {
  jobId: string;
  file: string;
  bytes: number;
  /** What else is to be said of it. */
  children: ComponentChildren;
}

/** A file to be had. It is fetched by the page, because a plain link could not say who asks. */
export function ResultFile({ jobId, file, bytes, children }: ResultFileProps) {
  const { http, toasts } = useSession();
  const [fetching, beginFetching] = useBusy((message) => toasts.show(message));
  const download = () =>
    beginFetching(async () => {
      const { name, blob } = await http.jobFile(jobId);
      save(name, blob);
    });
  return (
    <div class="download">
      <button type="button" class="button small" onClick={() => void download()} disabled={fetching} data-testid="job-download">
        <Icon name="download" />
        Download
      </button>
      <span>{file}</span>
      <span class="muted">
        {bytesText(bytes)}, {children}
      </span>
    </div>
  );
}

/** The image that a job made, as large as it is. */
export function ResultImage({ jobId, width, height, alt }: { jobId: string; width: number; height: number; alt: string }) {
  const { http } = useSession();
  const [shown, setShown] = useState<{ url: string } | { fault: string } | undefined>(undefined);
  useEffect(() => {
    let url = '';
    let current = true;
    http.jobFile(jobId).then(
      ({ blob }) => {
        if (!current) return;
        url = URL.createObjectURL(blob);
        setShown({ url });
      },
      (error: Error) => current && setShown({ fault: error.message }),
    );
    return () => {
      current = false;
      if (url) URL.revokeObjectURL(url);
    };
  }, [http, jobId]);
  if (shown && 'fault' in shown) return <p class="error-text">{shown.fault}</p>;
  return <img class="thumbnail" src={shown?.url} width={width} height={height} alt={alt} data-testid="job-image" />;
}

function save(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken the file over by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
