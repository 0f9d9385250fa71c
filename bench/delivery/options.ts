import type { ScenarioOption } from '../scenario.js';

/** Options that several scenarios take. */
export const membersOption = (usual: number): ScenarioOption => ({
  default: usual,
  min: 1,
  max: 15_000,
  about: 'Connections that hear the messages.',
});

export const bytesOption = (usual: number): ScenarioOption => ({
  default: usual,
  min: 64,
  max: 65_000,
  about: "Bytes of a message's data.",
});

export const inFlightOption = (usual: number, of: 'in each room' | 'of each publisher' = 'in each room'): ScenarioOption => ({
  default: usual,
  min: 1,
  max: 4_096,
  about: `Publications under way at any time, ${of}.`,
});
