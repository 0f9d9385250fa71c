import { render } from 'preact';
import { App } from './app.js';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/people.css';
import './styles/chat.css';
import './styles/rooms.css';
import './styles/messages.css';
import './styles/message.css';
import './styles/composer.css';
import './styles/metrics.css';
import './styles/logs.css';
import './styles/jobs.css';
import './styles/overview.css';

render(<App />, document.getElementById('app')!);
