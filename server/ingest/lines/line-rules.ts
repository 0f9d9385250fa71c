import { matchesPattern } from '../../auth/principal.js';
import { splitAnsi } from './log-ansi.js';
import { levelInText } from './log-level.js';

/** How lines become one entry: those of stack traces; also all that are indented; all that do not begin with a time; none. */
export const JOIN_RULES = ['traces', 'indented', 'dated', 'off'] as const;
export type JoinRule = (typeof JOIN_RULES)[number];

export const isJoinRule = (text: string): text is JoinRule => JOIN_RULES.some((known) => known === text);

/** A room's name, or a prefix with `*`, and the rule for its lines: `logs:build-*=off`. Undefined for a text that is no such pair. */
export function parseRoomJoinRule(text: string): { readonly pattern: string; readonly rule: JoinRule } | undefined {
  const [, pattern = '', rule = ''] = /^([^\s,{}*]{1,160}\*?)=([a-z]+)$/.exec(text) ?? [];
  return isJoinRule(rule) ? { pattern, rule } : undefined;
}

/** The rule of each room: the first pair whose pattern fits, else `traces`. */
export function roomJoinRules(pairs: readonly string[]): (room: string) => JoinRule {
  const rules = pairs.flatMap((pair) => parseRoomJoinRule(pair) ?? []);
  return (room) => rules.find(({ pattern }) => matchesPattern(pattern, room))?.rule ?? 'traces';
}

/**
 * Whether a line goes on with the entry that is open. Called for each line of one stream in their order.
 * @param head the first line of the open entry; undefined: none is open
 */
export type Continues = (line: string, head: string | undefined) => boolean;

const INDENTED = /^[ \t]/;
const CLOSING = /^[}\])]{1,8}[;,]?$/;
const JSON_LINE = /^\s*\{.*\}\s*$/;
const DATED =
  /^(?:<\d{1,3}>|\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|\[?\d\d:\d\d:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d|[IWEF]\d{4} \d\d:|(?:time|ts)=)/;

const isBlank = (text: string): boolean => text.trim() === '';
/** What a line is without the colours that it may begin with. */
const plain = (line: string): string => (line.includes('\u001b') ? splitAnsi(line).text : line);

/** Whether no line goes on with this one, under any rule: a blank one, and one that is JSON as a whole. */
export const standsAlone = (line: string): boolean => isBlank(line) || JSON_LINE.test(line);

/** A new judge for one stream. */
export function continuesBy(rule: JoinRule): Continues {
  if (rule === 'off') return () => false;
  const continues = RULES[rule]();
  let known: { readonly head: string; readonly text: string } | undefined;
  // A head of thousands of colours is looked at once, not for each line that comes after it.
  const plainHead = (head: string) => {
    if (known?.head !== head) known = { head, text: plain(head) };
    return known.text;
  };
  return (line, head) => {
    const goesOn = continues(plain(line), head === undefined ? undefined : plainHead(head));
    return goesOn && head !== undefined && !JSON_LINE.test(line);
  };
}

const RULES: Readonly<Record<Exclude<JoinRule, 'off'>, () => Continues>> = {
  dated: () => (text) => !isBlank(text) && !DATED.test(text),
  indented: () => {
    const inTrace = traces();
    return (text, head) => {
      const traced = inTrace(text, head);
      return traced || (!isBlank(text) && (INDENTED.test(text) || CLOSING.test(text)));
    };
  },
  traces,
};

/** What the lines seen so far are: none of a trace, its frames, a Python traceback, its last line, the note that another follows, a Go panic. */
type State = 'plain' | 'frames' | 'python' | 'python-raised' | 'python-chain' | 'go';

/** Frames of Java, JavaScript, .NET, Ruby, PHP and Rust. */
const FRAME =
  /^(?:\s+at \S|\s*\.{3} \d+ (?:more|common frames omitted)|\s+--- End of |\s+from \S+:\d+|\s+\d+: 0x|#\d+ (?:\{main\}|\S+\(\d+\): ))/;
/** An exception by its name, as it stands behind the message that it was logged with. */
const EXCEPTION = /^(?:[\w$]{1,100}\.){0,20}[\w$]{0,100}(?:Exception|Error|Throwable)(?:: |$)/;
const CAUSE = /^(?:\s*(?:Caused by|Suppressed): | ---> )/;
const TRACEBACK = /Traceback \(most recent call last\):\s*$/;
const RAISED = /^[A-Za-z_][\w.]{0,200}(?::|$)/;
const CHAINED = /^(?:During handling of the above exception|The above exception was the direct cause)/;
const PANIC = /^(?:panic|fatal error): /;
const GOROUTINE = /^goroutine \d+ \[/;
const GO_LINE = /^(?:goroutine \d+ \[|created by |\[signal |exit status |[^\s(]{1,200}\(.*\)$)/;

function traces(): Continues {
  let state: State = 'plain';
  return (text, head) => {
    const next = head === undefined ? undefined : followed(state, text, head);
    state = next ?? begun(text);
    return next !== undefined;
  };
}

/** What a line begins that goes on with none before it. */
function begun(text: string): State {
  if (TRACEBACK.test(text)) return 'python';
  if (PANIC.test(text)) return 'go';
  return FRAME.test(text) ? 'frames' : 'plain';
}

/** What the open entry is with this line; undefined: the line is none of it. */
function followed(state: State, text: string, head: string): State | undefined {
  const within = WITHIN[state](text);
  if (within) return within;
  if (FRAME.test(text) || CAUSE.test(text)) return 'frames';
  if (GOROUTINE.test(text)) return 'go';
  // Logged together with its message, or printed by itself after another line.
  if (TRACEBACK.test(text)) return isSevere(head) ? 'python' : undefined;
  return state === 'plain' && EXCEPTION.test(text) && !EXCEPTION.test(head) && isSevere(head) ? 'frames' : undefined;
}

const isSevere = (text: string): boolean => ['warn', 'error', 'fatal'].includes(levelInText(text) ?? '');

const WITHIN: Readonly<Record<State, (text: string) => State | undefined>> = {
  plain: () => undefined,
  frames: (text) => ((INDENTED.test(text) && !isBlank(text)) || CLOSING.test(text) ? 'frames' : undefined),
  python: (text) => {
    if ((INDENTED.test(text) && !isBlank(text)) || TRACEBACK.test(text)) return 'python';
    return RAISED.test(text) ? 'python-raised' : undefined;
  },
  'python-raised': (text) => {
    if (isBlank(text)) return 'python-raised';
    return CHAINED.test(text) ? 'python-chain' : undefined;
  },
  'python-chain': (text) => {
    if (isBlank(text)) return 'python-chain';
    return TRACEBACK.test(text) ? 'python' : undefined;
  },
  go: (text) => (isBlank(text) || INDENTED.test(text) || GO_LINE.test(text) ? 'go' : undefined),
};
