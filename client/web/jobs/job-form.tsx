import { useState } from 'preact/hooks';
import { useSession } from '../session-context.js';
import { useRoomListing } from '../use-room-listing.js';
import { ImageField } from './image-field.js';
import { type FormValues, firstValues, type JobField, type JobForm, readForm } from './job-forms.js';

/** A job's fields and the button that hands it in. */
export function JobFormCard({ form }: { form: JobForm }) {
  const { jobs } = useSession();
  const [values, setValues] = useState<FormValues>(() => firstValues(form));
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [refusal, setRefusal] = useState('');
  const [sending, setSending] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    const read = readForm(form, values, Date.now());
    setErrors('errors' in read ? read.errors : {});
    setRefusal('');
    if ('errors' in read) return;
    setSending(true);
    jobs
      .submit(read.name, read.input)
      .catch((error: Error) => setRefusal(error.message))
      .finally(() => setSending(false));
  };
  return (
    <form class="job-form" onSubmit={submit} noValidate data-testid={`job-form-${form.name}`}>
      <p class="muted">{form.about}</p>
      {form.fields.map((field) => (
        <Field
          key={field.name}
          id={`${form.name}-${field.name}`}
          field={field}
          values={values}
          error={errors[field.name]}
          onChange={(value) => setValues((others) => ({ ...others, [field.name]: value }))}
        />
      ))}
      {refusal && (
        <p class="error-text" role="alert" data-testid="job-refusal">
          {refusal}
        </p>
      )}
      <button type="submit" class="button primary" disabled={sending} data-testid="job-run">
        {form.nameField ? 'Run' : `Run ${form.title.toLowerCase()}`}
      </button>
    </form>
  );
}

interface FieldProps {
  id: string;
  field: JobField;
  values: FormValues;
  error: string | undefined;
  onChange: (value: string) => void;
}

function Field({ id, field, values, error, onChange }: FieldProps) {
  const value = values[field.name] ?? '';
  // An image has controls of its own beside the one that is labelled.
  const Around = field.kind === 'image' ? 'div' : 'label';
  const common = {
    class: 'input',
    id,
    value,
    'aria-invalid': error !== undefined,
    'aria-describedby': `${id}-about`,
    'data-testid': `job-field-${field.name}`,
  } as const;
  return (
    <Around class="field" {...(Around === 'label' && { for: id })}>
      <span>
        {field.label}
        {field.optional && <span class="muted"> (optional)</span>}
      </span>
      {field.kind === 'image' ? (
        <ImageField common={common} label={field.label} room={values[field.room] ?? ''} value={value} onChange={onChange} />
      ) : field.kind === 'choice' ? (
        <select {...common} onChange={(event) => onChange(event.currentTarget.value)}>
          {field.options.map(([option, text]) => (
            <option key={option} value={option}>
              {text}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          inputMode={field.kind === 'number' ? 'numeric' : 'text'}
          list={field.kind === 'room' ? `${id}-rooms` : undefined}
          autocomplete="off"
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
      {field.kind === 'room' && <RoomOptions id={`${id}-rooms`} prefix={field.prefix} />}
      <span class={error ? 'error-text' : 'hint'} id={`${id}-about`}>
        {error ?? field.hint ?? ''}
      </span>
    </Around>
  );
}

function RoomOptions({ id, prefix }: { id: string; prefix: string }) {
  const { rooms } = useRoomListing(prefix);
  return (
    <datalist id={id}>
      {rooms
        .filter(({ room }) => !room.startsWith('job:'))
        .map(({ room }) => (
          <option key={room} value={room} />
        ))}
    </datalist>
  );
}
