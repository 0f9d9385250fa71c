/** What is sent into the room that a page shows. */
export type Traffic =
  /** `series` in as many metrics as there are `charts`, all of them with a new value so many times per second. */
  | { readonly kind: 'samples'; readonly series: number; readonly charts: number; readonly perSecond: number }
  | { readonly kind: 'lines'; readonly perSecond: number };

export interface HubCalls {
  /** Opens a hub with its pages, and the control page. */
  open(input: { dataDir: string }): Promise<{ url: string; controlUrl: string }>;
}

export interface SenderCalls {
  /** Resolves when the first of it is taken; the rest flows until the end. */
  begin(input: { url: string; room: string; traffic: Traffic }): Promise<void>;
  /** Ends the flow: what was sent, and what the hub did not take of it. */
  end(input: Record<never, never>): Promise<{ sent: number; refused: number }>;
}
