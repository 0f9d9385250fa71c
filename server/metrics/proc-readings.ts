const SECTOR_BYTES = 512;
/** Parts and copies of other disks, and pseudo devices: they would be counted twice, or are no disks. */
const NO_DISK = /^(loop|ram|zram|sr|fd|dm-|md)\d|^(sd|vd|xvd|hd)[a-z]+\d+$|^(nvme\d+n\d+|mmcblk\d+)(p|boot|rpmb)\d*$/;

/** Busy and total time of all cores and of each. Source: proc(5), /proc/stat; idle is `idle` and `iowait`; `guest` is part of `user`. */
export function parseCpuTimes(stat: string): { core: string; busy: number; total: number }[] {
  return stat
    .split('\n')
    .filter((line) => /^cpu\d* /.test(line))
    .map((line) => {
      const [label = '', ...columns] = line.trim().split(/\s+/);
      const times = columns.slice(0, 8).map(Number);
      const total = times.reduce((sum, time) => sum + time, 0);
      return { core: label.slice(3), busy: total - (times[3] ?? 0) - (times[4] ?? 0), total };
    });
}

/** Memory in bytes. Source: proc(5), /proc/meminfo, whose kB are 1024 bytes. */
export function parseMemory(meminfo: string): Map<string, number> {
  const bytes = new Map([...meminfo.matchAll(/^(\w+):\s+(\d+) kB$/gm)].map(([, key = '', kib]) => [key, Number(kib) * 1024]));
  const memory = new Map<string, number>();
  const [total, available] = [bytes.get('MemTotal'), bytes.get('MemAvailable')];
  if (total === undefined || available === undefined) return memory;
  memory
    .set('memory_total_bytes', total)
    .set('memory_available_bytes', available)
    .set('memory_used_bytes', total - available);
  memory.set('memory_used_percent', (100 * (total - available)) / total);
  const [swap, swapFree] = [bytes.get('SwapTotal'), bytes.get('SwapFree')];
  if (swap && swapFree !== undefined) memory.set('swap_used_bytes', swap - swapFree);
  return memory;
}

/** Bytes by interface, without loopback. Source: proc(5), /proc/net/dev: received bytes are column 1, sent ones column 9. */
export function parseNetwork(netDev: string): { device: string; received: number; sent: number }[] {
  return [...netDev.matchAll(/^\s*([^\s:]+):\s*(.+)$/gm)]
    .map(([, device = '', rest = '']) => {
      const columns = rest.trim().split(/\s+/).map(Number);
      return { device, received: columns[0] ?? 0, sent: columns[8] ?? 0 };
    })
    .filter(({ device }) => device !== 'lo');
}

/** Bytes by whole disk. Source: the kernel's Documentation/admin-guide/iostats: fields 3 and 7 are sectors of 512 bytes. */
export function parseDisks(diskstats: string): { device: string; read: number; written: number }[] {
  return diskstats
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns.length >= 10 && !NO_DISK.test(columns[2] ?? ''))
    .map((columns) => ({
      device: columns[2] ?? '',
      read: Number(columns[5]) * SECTOR_BYTES,
      written: Number(columns[9]) * SECTOR_BYTES,
    }));
}
