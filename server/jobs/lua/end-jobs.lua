-- Ends active jobs, those that are still in the state that their end was made from.
--
-- KEYS  1 active jobs of the lane  2 leases by their end  3 ends that were not told yet  4 failed jobs by the time of their end
--       5 ends  6 sizes  7 use, all as in byte-use, of large jobs
--       then of each: the job, active jobs of the handler; with a key, the key's job id; with a limit, the holder's unfinished jobs of the handler;
--       where it failed, the holder's failed jobs by the time of their end; with a limit of those that run, jobs of the handler that are held back
-- ARGV  1 prefix of job keys  2 failed jobs that are kept  3 failed jobs of one holder that are kept
--       4 prefix of large ended jobs by holder  5 bytes of large ended jobs that are kept  6 of one holder's
--       then of each: id, revision that it has, revision that it gets, status, job, ended at, milliseconds to live, has a key or '', has a limit or '',
--       has a limit of those that run or '', bytes where it is large or '', holder
-- Gives of each 1, or 0 when the job is in another state or gone; and the ids of jobs that are not held back any more.

local FIRST, EACH = 7, 12
local answers, ended, untold, of_name, admitted = {}, {}, {}, {}, {}
local large = { ends = KEYS[5], sizes = KEYS[6], use = KEYS[7], of = ARGV[4], job = ARGV[1], most = ARGV[5], most_of_holder = ARGV[6] }

local key_at = 7
local function next_key()
  key_at = key_at + 1
  return KEYS[key_at]
end

for i = FIRST, #ARGV, EACH do
  local id, revision, next_revision, status, job, ended_at, kept_ms, keyed, limited, bounded, bytes, holder = unpack(ARGV, i, i + EACH - 1)
  local job_key, active_of_name = next_key(), next_key()
  local key = keyed ~= '' and next_key()
  local unfinished = limited ~= '' and next_key()
  local failed_of_holder = status == 'failed' and next_key()
  local held = bounded ~= '' and next_key()
  local is_now = redis.call('HGET', job_key, 'revision') == revision
  if is_now then
    redis.call('HSET', job_key, 'job', job, 'revision', next_revision, 'status', status)
    redis.call('PEXPIRE', job_key, kept_ms)
    ended[#ended + 1] = id
    untold[#untold + 1] = ended_at
    untold[#untold + 1] = id
    of_name[active_of_name] = of_name[active_of_name] or {}
    table.insert(of_name[active_of_name], id)
    if failed_of_holder then
      note_failed(KEYS[4], failed_of_holder, ARGV[2], ARGV[3], id, ended_at, kept_ms, ARGV[1])
    end
    if bytes ~= '' then
      keep_large(large, id, holder, bytes, ended_at, kept_ms)
    end
    if unfinished then
      redis.call('SREM', unfinished, id)
    end
    if key and redis.call('GET', key) == id then
      redis.call('PEXPIRE', key, kept_ms)
    end
    admitted[#admitted + 1] = held and next_held(held) or nil
  end
  answers[#answers + 1] = is_now and 1 or 0
end

if #ended > 0 then
  redis.call('ZREM', KEYS[1], unpack(ended))
  redis.call('ZREM', KEYS[2], unpack(ended))
  redis.call('ZADD', KEYS[3], unpack(untold))
end
for active_of_name, ids in pairs(of_name) do
  redis.call('ZREM', active_of_name, unpack(ids))
end
return { answers, admitted }
