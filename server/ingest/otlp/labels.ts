import { HubError } from '../../../shared/errors.js';
import { SERIES_CHARS } from '../../../shared/series-name.js';
import { type Attributes, attributeText, type OtlpValue, textOf } from './attributes.js';
import { prometheusLabel } from './metric-name.js';
import type { Scope } from './model.js';

/** Attributes of a resource that tell its series from those of its like; the others stand once, in `target_info`. */
const IDENTIFYING: ReadonlySet<string> = new Set([
  'host.name',
  'container.name',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.container.name',
  'cloud.region',
  'deployment.environment.name',
  'deployment.environment',
]);

/** Labels that mean something to Prometheus and are made of three attributes of the resource. */
const NAMING: ReadonlySet<string> = new Set(['service.name', 'service.namespace', 'service.instance.id']);

export type Labels = Readonly<Record<string, string>>;

/** Labels by what Prometheus calls them; values of attributes that get the same name stand together. */
class LabelSet {
  readonly #labels = new Map<string, string>();
  #chars = 0;

  /** @throws HubError `too_large` when no series could have so many: whatever follows is not looked at */
  add(key: string, value: OtlpValue): this {
    const label = prometheusLabel(key);
    const before = this.#labels.get(label);
    const text = textOf(value);
    this.#chars += label.length + text.length;
    if (this.#chars > SERIES_CHARS) throw new HubError('too_large', `the labels of a series have at most ${SERIES_CHARS} characters`);
    this.#labels.set(label, before === undefined ? text : `${before};${text}`);
    return this;
  }

  addAll(attributes: Attributes, prefix = ''): this {
    // The same key twice is one attribute: the last one counts.
    for (const [key, value] of new Map(attributes)) this.add(prefix + key, value);
    return this;
  }

  /** With `others`, which stand in for labels of the same name. */
  over(others: Labels): Labels {
    return { ...Object.fromEntries(this.#labels), ...others };
  }
}

/** `job` and `instance`, as Prometheus calls a service and one process of it. */
function namingLabels(resource: Attributes): [string, string][] {
  const [name, namespace, instance] = ['service.name', 'service.namespace', 'service.instance.id'].map((key) =>
    attributeText(resource, key),
  );
  const labels: [string, string][] = [];
  if (name) labels.push(['job', namespace ? `${namespace}/${name}` : name]);
  if (instance) labels.push(['instance', instance]);
  return labels;
}

/**
 * The labels that all series of a resource have: `job`, `instance`, and what else identifies it.
 * @throws HubError `too_large`
 */
export function resourceLabels(resource: Attributes): Labels {
  const identifying = resource.filter(([key]) => IDENTIFYING.has(key));
  return new LabelSet().addAll(namingLabels(resource)).addAll(identifying).over({});
}

/**
 * The labels that all series of a scope have beside those of its resource.
 * @throws HubError `too_large`
 */
export function scopeLabels({ name, version, attributes }: Scope): Labels {
  const labels = new LabelSet().addAll(attributes, 'otel_scope_');
  if (name) labels.add('otel_scope_name', name);
  if (version) labels.add('otel_scope_version', version);
  return labels.over({});
}

/**
 * The labels of one series; those of its origin win.
 * @throws HubError `too_large`
 */
export function pointLabels(attributes: Attributes, origin: Labels): Labels {
  return attributes.length === 0 ? origin : new LabelSet().addAll(attributes).over(origin);
}

/** Room for the name `target_info`, quotes and commas within what a series may have. */
const INFO_CHARS = SERIES_CHARS / 2;

/** The labels of a resource's `target_info`: its attributes as far as a series has room for them; undefined when it has none. */
export function infoLabels(resource: Attributes): Labels | undefined {
  const rest = [...new Map(resource)].filter(([key]) => !NAMING.has(key));
  let chars = 0;
  const fitting = rest.filter(([key, value]) => {
    const more = key.length + textOf(value).length;
    if (chars + more > INFO_CHARS) return false;
    chars += more;
    return true;
  });
  return fitting.length === 0 ? undefined : new LabelSet().addAll(fitting).over(Object.fromEntries(namingLabels(resource)));
}
