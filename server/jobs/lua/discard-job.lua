-- Leaves of a failed job what its followers are to be told, if it still is in the state that it was looked at in.
--
-- KEYS  1 the job  2 the key's job id  3 failed jobs  4 all jobs by time  5 the owner's jobs by time  6 the holder's failed jobs
--       7 ends that were not told yet
-- ARGV  1 job id  2 revision that it has  3 has a key  4 request  5 job  6 revision that it gets  7 now  8 milliseconds to live
-- Gives 1, or 0 when the job is in another state or gone.

if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then
  return 0
end
-- First of all less: a Redis without memory lets what follows pass then.
redis.call('DEL', KEYS[1])
for at = 3, 6 do
  redis.call('ZREM', KEYS[at], ARGV[1])
end
if ARGV[3] == '1' and redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
redis.call('HSET', KEYS[1], 'request', ARGV[4], 'job', ARGV[5], 'revision', ARGV[6], 'status', 'cancelled')
redis.call('PEXPIRE', KEYS[1], ARGV[8])
redis.call('ZADD', KEYS[7], ARGV[7], ARGV[1])
return 1
