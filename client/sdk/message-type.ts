import type { Message, MessageData } from '../../shared/protocol.js';

/** Tells the messages with a meaning of their own (`edit`, `delete`, `reaction`, …) from the others. */
export function isMessageOf<Type extends keyof MessageData>(message: Message, type: Type): message is Message<MessageData[Type]> {
  return message.type === type;
}
