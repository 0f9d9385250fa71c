import { useEffect, useState } from 'preact/hooks';
import { useSession } from '../session-context.js';
import type { ChatRoom } from './chat-room.js';

/**
 * The newest seq that had been read when the room was opened; 0 where nothing had, undefined till the room's epoch is known. It
 * stays, and so does the border of the unread messages.
 */
export function useReadUpTo(chat: ChatRoom, epoch: string): number | undefined {
  const { chats } = useSession();
  const [readUpTo, setReadUpTo] = useState<number | undefined>(undefined);
  useEffect(() => {
    if (readUpTo === undefined && epoch) setReadUpTo(chats.readUpTo(chat.name));
  }, [epoch, readUpTo]);
  return readUpTo;
}

interface Reading {
  /** The reader is at the newest message. */
  readonly following: boolean;
  readonly readUpTo: number | undefined;
  /** Seq of the newest message. */
  readonly newest: number;
}

/** Tells the room where its reader is, and that all was read when the page is looked at there. */
export function useReading(chat: ChatRoom, { following, readUpTo, newest }: Reading): void {
  const { chats } = useSession();
  useEffect(() => {
    chat.following = following;
    const seen = () => following && !document.hidden && readUpTo !== undefined && chats.markRead(chat.name);
    seen();
    document.addEventListener('visibilitychange', seen);
    return () => document.removeEventListener('visibilitychange', seen);
  }, [newest, following, readUpTo]);
  useEffect(() => {
    return () => {
      chat.following = true;
    };
  }, [chat]);
}
