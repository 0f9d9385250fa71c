-- Holds a queued job back, if as many of its handler's jobs run as it allows.
--
-- KEYS  1 the job  2 active jobs of the handler  3 jobs of the handler that are held back
-- ARGV  1 job id  2 jobs of the handler that may run, '' for any number  3 place in line of its priority's first turn
-- Gives 1, or 0 when it may start, or is not queued any more.

local status, turn = unpack(redis.call('HMGET', KEYS[1], 'status', 'turn'))
if status == 'queued' and is_at_limit(KEYS[2], ARGV[2]) then
  hold_back(KEYS[3], ARGV[1], ARGV[3], turn)
  return 1
end
redis.call('ZREM', KEYS[3], ARGV[1])
return 0
