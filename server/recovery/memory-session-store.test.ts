import { createMemorySessionStore } from './memory-session-store.js';
import { sessionStoreContract } from './session-store.contract.js';

sessionStoreContract(async () => createMemorySessionStore());
