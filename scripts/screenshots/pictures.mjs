// Each picture: where in the pages it is, what must be there, and what is done before it is taken.

/** The same page on a telephone. */
const PHONE = { width: 390, height: 780 };

export const PICTURES = [
  { name: 'chat', route: 'chat/lobby', shown: 'text=Then I take the old path out tomorrow.' },
  { name: 'chat-phone', route: 'chat/lobby', shown: 'text=Then I take the old path out tomorrow.', size: PHONE },
  { name: 'metrics', route: 'metrics/host?span=60000', shown: 'canvas' },
  { name: 'prometheus', route: 'metrics/node?span=60000', shown: 'canvas', theme: 'dark' },
  { name: 'logs', route: 'logs/shop', shown: '[data-testid="log-line"]', act: openAnError },
  { name: 'jobs', route: 'jobs', shown: 'text=Prime count', act: runJob },
  { name: 'hub', route: 'hub', shown: '[data-testid="rooms-table"], table' },
];

async function openAnError(page) {
  await page.getByText('payment provider did not answer').last().click();
  await page.mouse.move(0, 0);
}

async function runJob(page) {
  await page.getByText('Prime count').first().click();
  await page.getByRole('button', { name: /run/i }).first().click();
}
