-- Puts a failed job in line again, if it still is in the state that the change was made from and there is room.
--
-- KEYS  1 the job  2 the key's job id  3 queued jobs of the lane  4 queued jobs of the other lane  5 waiting jobs by holder
--       6 failed jobs  7 the lane's turn  8 the lane's turns by holder  9 queued jobs of the handler
--       10 the holder's unfinished jobs of the handler  11 the holder's failed jobs
-- ARGV  1 job id  2 holder  3 revision that it has  4 revision that it gets  5 job  6 now  7 jobs that may wait
--       8 has a key  9 the holder's unfinished jobs of the handler are counted
-- Gives {'changed'}, {'busy'}, {'owner busy'} or {'queued', turn}.

if redis.call('HGET', KEYS[1], 'revision') ~= ARGV[3] then
  return { 'changed' }
end
local refused = refusal(KEYS[3], KEYS[4], KEYS[5], ARGV[2], ARGV[7])
if refused then
  return { refused }
end

local turn = next_turn(KEYS[3], KEYS[7], KEYS[8], ARGV[2])
redis.call('HSET', KEYS[1], 'job', ARGV[5], 'revision', ARGV[4], 'status', 'queued', 'turn', turn)
redis.call('PERSIST', KEYS[1])
redis.call('ZREM', KEYS[6], ARGV[1])
redis.call('ZREM', KEYS[11], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[6], ARGV[1])
redis.call('ZADD', KEYS[9], ARGV[6], ARGV[1])
redis.call('HINCRBY', KEYS[5], ARGV[2], 1)
if ARGV[9] == '1' then
  redis.call('SADD', KEYS[10], ARGV[1])
end
if ARGV[8] == '1' and redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('PERSIST', KEYS[2])
end
return { 'queued', turn }
