import { createReadStream } from 'node:fs';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const describedSchema = z.object({
  name: z.string(),
  contentType: z.string(),
  bytes: z.int().min(0),
  expiresAt: z.number(),
  /** Of the file with the bytes, beside this one. */
  data: z.string().regex(/^[A-Za-z0-9_-]{1,120}\.data$/),
});
export type Described = z.infer<typeof describedSchema>;

const DESCRIPTION = '.json';

/**
 * Finished result files in a directory: `<job>.json` describes, the file that it names holds the bytes. The description is put in place by a rename, after
 * the bytes were written: it never describes half a file. What a loss of power left torn is gone.
 */
export class FinishedFiles {
  constructor(
    private readonly dir: string,
    private readonly now: () => number,
  ) {}

  /** The job's file, where it is whole and not past its time. */
  async find(jobId: string): Promise<Described | undefined> {
    const found = await this.describe(jobId + DESCRIPTION);
    if (!found || this.isPast(found)) return undefined;
    const data = await stat(this.path(found.data)).catch(() => undefined);
    return data?.size === found.bytes ? found : undefined;
  }

  read({ data }: Described, range?: { start: number; end: number }): AsyncIterable<Uint8Array> {
    return createReadStream(this.path(data), range);
  }

  /** Makes a written file the job's, in the place of the one before. @param part its path */
  async put(jobId: string, part: string, described: Described): Promise<void> {
    await rename(part, this.path(described.data));
    const description = jobId + DESCRIPTION;
    const before = await this.describe(description);
    const draft = this.path(`${described.data}.draft`);
    await writeFile(draft, JSON.stringify(described));
    await rename(draft, this.path(description));
    if (before) await this.remove(before.data);
  }

  /** Removes the files past their time; gives the names of those in the directory that no description has. */
  async sweep(): Promise<string[]> {
    const files = await readdir(this.dir).catch(() => []);
    const isDescription = (file: string) => file.endsWith(DESCRIPTION);
    const kept = new Set<string>();
    for (const file of files.filter(isDescription)) {
      const found = await this.describe(file);
      if (found && !this.isPast(found)) kept.add(found.data);
      else await Promise.all([this.remove(file), found && this.remove(found.data)]);
    }
    return files.filter((file) => !isDescription(file) && !kept.has(file));
  }

  private async describe(file: string): Promise<Described | undefined> {
    const text = await readFile(this.path(file), 'utf8').catch(() => undefined);
    return text === undefined ? undefined : readDescription(text);
  }

  private isPast({ expiresAt }: Described): boolean {
    return expiresAt <= this.now();
  }

  private remove(file: string): Promise<void> {
    return rm(this.path(file), { force: true });
  }

  private path(file: string): string {
    return join(this.dir, file);
  }
}

function readDescription(text: string): Described | undefined {
  try {
    return describedSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
