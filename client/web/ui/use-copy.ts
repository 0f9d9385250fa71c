import { useSession } from '../session-context.js';

/** Copies a text and gives it, or tells that this browser does not let a page copy and gives nothing. */
export function useCopy(): (text: string) => Promise<string> {
  const { toasts } = useSession();
  return async (text) => {
    try {
      // Absent where the page is not loaded securely.
      await navigator.clipboard.writeText(text);
      return text;
    } catch {
      toasts.show('This browser does not let a page copy: select the text instead.');
      return '';
    }
  };
}
