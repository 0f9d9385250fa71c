import { createMemorySharedLimits } from './memory-shared-limits.js';
import { CONTRACT_RATES, sharedLimitsContract } from './shared-limits.contract.js';

sharedLimitsContract(async () => createMemorySharedLimits({ rates: CONTRACT_RATES }));
