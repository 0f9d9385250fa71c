/** The name of a result file about a room, such as `chat-lobby.csv`. */
export function resultName(about: string, extension: string): string {
  return `${about.replace(/[^\p{L}\p{N}.-]+/gu, '-')}.${extension}`;
}
