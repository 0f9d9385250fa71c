-- Forgets a failed job, if it still is in the state that it was looked at in.
--
-- KEYS  1 the job  2 the key's job id  3 failed jobs  4 all jobs by time  5 the owner's jobs by time  6 ends that were not told yet
--       7 the holder's failed jobs
-- ARGV  1 job id  2 revision that it has  3 has a key
-- Gives 1, or 0 when the job is in another state or gone.

if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[1])
for at = 3, 7 do
  redis.call('ZREM', KEYS[at], ARGV[1])
end
if ARGV[3] == '1' and redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[2])
end
return 1
