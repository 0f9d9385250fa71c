import { options, render } from 'preact';
import { App } from './app.js';
import { beforePaint } from './lib/frame-batch.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/people.css';
import './styles/chat.css';
import './styles/metrics.css';
import './styles/logs.css';
import './styles/jobs.css';
import './styles/overview.css';

// Whatever changed between two paints is rendered once.
const nextPaint = beforePaint();
options.debounceRendering = (flush) => void nextPaint(flush);

render(<App />, document.getElementById('app')!);
