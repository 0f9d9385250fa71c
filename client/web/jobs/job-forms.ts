/** One field of a job's form. `optional` fields left empty are left out of the input. */
export type JobField = {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly optional?: true;
} & (
  | { readonly kind: 'text' | 'json'; readonly first: string }
  /** A message with an image, of the room that the field `room` names: its position. */
  | { readonly kind: 'image'; readonly room: string; readonly first: '' }
  | { readonly kind: 'room'; readonly prefix: string; readonly first: string }
  | { readonly kind: 'number'; readonly first: number; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly first: string; readonly options: readonly (readonly [value: string, text: string])[] }
);

/** A heavy handler as people meet it. */
export interface JobForm {
  /** The handler's name; for one that the form does not know beforehand, it is in the field of `nameField`. */
  readonly name: string;
  readonly nameField?: string;
  readonly title: string;
  readonly about: string;
  readonly fields: readonly JobField[];
  /** Turns the fields' values into the handler's input where they are not the same; `now` is in milliseconds since 1970. */
  readonly input?: (values: Readonly<Record<string, unknown>>, now: number) => unknown;
}

export const JOB_FORMS: readonly JobForm[] = [
  {
    name: 'search',
    title: 'Search',
    about: 'Looks through the whole history of a room.',
    fields: [
      { kind: 'room', name: 'room', label: 'Room', prefix: '', first: 'chat:lobby' },
      { kind: 'text', name: 'query', label: 'Words', first: '', hint: 'All of them must be there; parts of words count.' },
    ],
  },
  {
    name: 'export',
    title: 'Export',
    about: 'Writes a room’s history to a file.',
    fields: [
      { kind: 'room', name: 'room', label: 'Room', prefix: '', first: 'chat:lobby' },
      {
        kind: 'choice',
        name: 'format',
        label: 'Format',
        first: 'html',
        options: [
          ['html', 'HTML page'],
          ['csv', 'CSV table'],
          ['ndjson', 'NDJSON, one message per line'],
        ],
      },
    ],
  },
  {
    name: 'rollup',
    title: 'Roll-up',
    about: 'Percentiles of a metric over a span of time.',
    fields: [
      { kind: 'room', name: 'room', label: 'Room', prefix: 'metrics:', first: 'metrics:host' },
      {
        kind: 'text',
        name: 'series',
        label: 'Series',
        first: 'cpu_percent',
        hint: 'A name, with labels in braces where they matter; * stands for any characters.',
      },
      {
        kind: 'choice',
        name: 'minutes',
        label: 'Time',
        first: '15',
        options: [
          ['5', 'Last 5 minutes'],
          ['15', 'Last 15 minutes'],
          ['60', 'Last hour'],
          ['1440', 'Last day'],
        ],
      },
    ],
    input: ({ room, series, minutes }, now) => ({ room, series, from: now - Number(minutes) * 60_000, to: now }),
  },
  {
    name: 'thumbnail',
    title: 'Thumbnail',
    about: 'Makes an image that was posted to a room small.',
    fields: [
      { kind: 'room', name: 'room', label: 'Room', prefix: '', first: 'chat:lobby' },
      { kind: 'image', name: 'position', label: 'Image', room: 'room', first: '', hint: 'Posted here, it is a message of the room.' },
      {
        kind: 'choice',
        name: 'side',
        label: 'Size',
        first: '160',
        options: [
          ['64', '64 pixels at most'],
          ['160', '160 pixels at most'],
          ['320', '320 pixels at most'],
          ['1024', '1,024 pixels at most'],
        ],
      },
      {
        kind: 'choice',
        name: 'format',
        label: 'Format',
        first: 'webp',
        options: [
          ['webp', 'WebP'],
          ['jpeg', 'JPEG'],
          ['png', 'PNG'],
        ],
      },
    ],
    input: ({ room, position, side, format }) => ({ room, position, width: Number(side), height: Number(side), format }),
  },
  {
    name: 'prime-count',
    title: 'Prime count',
    about: 'Counts primes: pure CPU, to see that the hub stays quick meanwhile.',
    fields: [{ kind: 'number', name: 'below', label: 'Primes below', first: 20_000_000, min: 2, max: 2_000_000_000 }],
  },
  {
    name: 'other',
    nameField: 'handler',
    title: 'Other',
    about: 'Any other handler that this hub has.',
    fields: [
      { kind: 'text', name: 'handler', label: 'Handler', first: '' },
      { kind: 'json', name: 'input', label: 'Input, as JSON', first: '{}' },
    ],
    input: ({ input }) => input,
  },
];

export type FormValues = Readonly<Record<string, string>>;

export function firstValues({ fields }: JobForm): FormValues {
  return Object.fromEntries(fields.map(({ name, first }) => [name, String(first)]));
}

/** What a form hands in. */
export interface Submission {
  readonly name: string;
  readonly input: unknown;
}

/** The submission from what stands in the fields, or what is wrong, by field. */
export function readForm(form: JobForm, values: FormValues, now: number): Submission | { errors: Record<string, string> } {
  const read: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const field of form.fields) {
    const text = (values[field.name] ?? '').trim();
    if (text === '' && field.optional) continue;
    const { value, error } = readField(field, text);
    if (error !== undefined) errors[field.name] = error;
    else read[field.name] = value;
  }
  if (Object.keys(errors).length > 0) return { errors };
  return { name: form.nameField ? String(read[form.nameField]) : form.name, input: form.input ? form.input(read, now) : read };
}

function readField(field: JobField, text: string): { value?: unknown; error?: string } {
  if (text === '') return { error: field.kind === 'image' ? 'Choose an image, or post one.' : 'Fill this in.' };
  if (field.kind === 'number') {
    const value = Number(text);
    const fits = Number.isInteger(value) && value >= field.min && value <= field.max;
    return fits ? { value } : { error: `A whole number from ${field.min} to ${field.max}.` };
  }
  if (field.kind !== 'json') return { value: text };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { error: 'This is not JSON.' };
  }
}

/** A handler as the pages call it. */
export const titleOf = (handler: string): string => JOB_FORMS.find(({ name }) => name === handler)?.title ?? handler;
