-- Gives a job its next state, if it is still in the one that the change was made from.
--
-- KEYS  1 the job  2 the key's job id  3 queued jobs of the lane  4 active jobs of the lane  5 waiting jobs by holder  6 the lane's turn
--       7 failed jobs by the time of their end  8 queued jobs of the handler  9 active jobs of the handler
--       10 the holder's unfinished jobs of the handler  11 ends that were not told yet  12 leases by their end
--       13 the holder's failed jobs by the time of their end  14 jobs of the handler that are held back
--       15 ends  16 sizes  17 use, all as in byte-use, of large jobs
-- ARGV  1 job id  2 holder  3 revision that it has  4 revision that it gets  5 status  6 job  7 created at  8 started at
--       9 milliseconds to live, '' while it has not ended  10 has a key  11 now  12 failed jobs that are kept  13 prefix of job keys
--       14 failed jobs of one holder that are kept  15 jobs of the handler that may run, '' for any number
--       16 place in line of its priority's first turn  17 '1': only where no other submission has joined it while it waited
--       18 prefix of large ended jobs by holder  19 bytes of large ended jobs that are kept  20 of one holder's
--       21 bytes where it has ended and is large, else ''
-- Gives {'written'} or {'written', id of a job that is not held back any more}, {'changed'} when the job is in another state or gone, or
-- {'full'} when no further job of the handler may start: it is held back.

local revision, before, turn = unpack(redis.call('HMGET', KEYS[1], 'revision', 'status', 'turn'))
if revision ~= ARGV[3] or (ARGV[17] == '1' and redis.call('HEXISTS', KEYS[1], 'joined') == 1) then
  return { 'changed' }
end
if before == 'queued' and ARGV[5] == 'active' and is_at_limit(KEYS[9], ARGV[15]) then
  hold_back(KEYS[14], ARGV[1], ARGV[16], turn)
  return { 'full' }
end
redis.call('HSET', KEYS[1], 'job', ARGV[6], 'revision', ARGV[4], 'status', ARGV[5])

if before ~= ARGV[5] then
  if before == 'queued' then
    redis.call('ZREM', KEYS[3], ARGV[1])
    redis.call('ZREM', KEYS[8], ARGV[1])
    if redis.call('HINCRBY', KEYS[5], ARGV[2], -1) <= 0 then
      redis.call('HDEL', KEYS[5], ARGV[2])
    end
  elseif before == 'active' then
    redis.call('ZREM', KEYS[4], ARGV[1])
    redis.call('ZREM', KEYS[9], ARGV[1])
    redis.call('ZREM', KEYS[12], ARGV[1])
  end
  if ARGV[5] == 'failed' then
    note_failed(KEYS[7], KEYS[13], ARGV[12], ARGV[14], ARGV[1], ARGV[11], ARGV[9], ARGV[13])
  elseif ARGV[5] == 'queued' then
    redis.call('ZADD', KEYS[3], ARGV[7], ARGV[1])
    redis.call('ZADD', KEYS[8], ARGV[7], ARGV[1])
    redis.call('HINCRBY', KEYS[5], ARGV[2], 1)
  elseif ARGV[5] == 'active' then
    redis.call('ZADD', KEYS[4], ARGV[8], ARGV[1])
    redis.call('ZADD', KEYS[9], ARGV[8], ARGV[1])
    if tonumber(turn or '0') > tonumber(redis.call('GET', KEYS[6]) or '0') then
      redis.call('SET', KEYS[6], turn)
    end
  end
end

if ARGV[9] ~= '' then
  redis.call('SREM', KEYS[10], ARGV[1])
  redis.call('ZADD', KEYS[11], ARGV[11], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[9])
  if ARGV[21] ~= '' then
    local large = { ends = KEYS[15], sizes = KEYS[16], use = KEYS[17], of = ARGV[18], job = ARGV[13], most = ARGV[19], most_of_holder = ARGV[20] }
    keep_large(large, ARGV[1], ARGV[2], ARGV[21], ARGV[11], ARGV[9])
  end
  if ARGV[10] == '1' and redis.call('GET', KEYS[2]) == ARGV[1] then
    redis.call('PEXPIRE', KEYS[2], ARGV[9])
  end
end

-- It ran, or was on its way to: another one may start.
local admitted
if ARGV[15] ~= '' and before ~= ARGV[5] then
  local was_held = redis.call('ZREM', KEYS[14], ARGV[1]) == 1
  if ARGV[5] ~= 'active' and not was_held then
    admitted = next_held(KEYS[14])
  end
end
return { 'written', admitted }
