/** An HTTP answer with its body parsed: JSON where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  readonly body: any;
}

export async function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  return read(await fetch(url, { headers }));
}

export async function send(method: 'POST' | 'DELETE', url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  return read(await fetch(url, { method, headers: { 'content-type': 'application/json', ...headers }, ...json }));
}

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.status !== 206 && /^application\/(\S+\+)?json\b/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
}
