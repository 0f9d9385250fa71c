import { createMemoryPresenceStore } from './memory-presence-store.js';
import { presenceStoreContract } from './presence-store.contract.js';

presenceStoreContract('memory', async (options) => {
  const store = createMemoryPresenceStore(options);
  return { nodes: [store], close: () => store.close() };
});
