-- Takes a submission into the line, or joins it to the run of the same key, or refuses it.
--
-- KEYS  1 the job  2 the key's job id ('' stands for none)  3 queued jobs of the lane  4 queued jobs of the other lane
--       5 waiting jobs by holder  6 all jobs by time  7 the owner's jobs by time  8 the lane's turn  9 the lane's turns by holder
--       10 queued jobs of the handler  11 names of handlers  12 the holder's unfinished jobs of the handler
--       13 active jobs of the handler  14 its jobs that are held back
--       15 BullMQ's line of the lane  16 its jobs that go before the line
-- ARGV  1 job id  2 request  3 job  4 holder  5 now  6 jobs that may wait  7 prefix of job keys
--       8 revision  9 has a key  10 name of the handler  11 joins whatever run has the key
--       12 unfinished jobs of the handler that the holder may have, '' for any number
--       13 jobs of the handler that may run, '' for any number  14 place in line of its priority's first turn
--       15 owner
-- Gives {'joined', job id}, {'busy'}, {'owner busy'}, {'handler busy'}, {'created', turn, place}, or {'held', turn, place}: it waits for another one to end.

local joined = ARGV[9] == '1' and run_of(KEYS[2], ARGV[7], ARGV[11] == '1')
if joined then
  return { 'joined', joined }
end

if ARGV[12] ~= '' and redis.call('SCARD', KEYS[12]) >= tonumber(ARGV[12]) then
  return { 'handler busy' }
end

local refused = refusal(KEYS[3], KEYS[4], KEYS[5], ARGV[4], ARGV[6])
if refused then
  return { refused }
end

local turn = next_turn(KEYS[3], KEYS[8], KEYS[9], ARGV[4])
redis.call('HSET', KEYS[1], 'request', ARGV[2], 'job', ARGV[3], 'revision', ARGV[8], 'status', 'queued', 'turn', turn, 'owner', ARGV[15])
redis.call('ZADD', KEYS[3], ARGV[5], ARGV[1])
redis.call('ZADD', KEYS[10], ARGV[5], ARGV[1])
redis.call('HINCRBY', KEYS[5], ARGV[4], 1)
redis.call('SADD', KEYS[11], ARGV[10])
if ARGV[12] ~= '' then
  redis.call('SADD', KEYS[12], ARGV[1])
  redis.call('PEXPIRE', KEYS[12], 7 * 86400000)
end
redis.call('ZADD', KEYS[6], ARGV[5], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[6], 0, -10001)
redis.call('ZADD', KEYS[7], ARGV[5], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[7], 0, -1001)
redis.call('PEXPIRE', KEYS[7], 7 * 86400000)
if ARGV[9] == '1' then
  redis.call('SET', KEYS[2], ARGV[1])
end
-- BullMQ has a job at its priority times 2^32, and counts up within that.
local behind = string.format('(%.0f', (ARGV[14] + turn + 1) * 4294967296)
local place = redis.call('ZCOUNT', KEYS[15], '-inf', behind) + redis.call('LLEN', KEYS[16]) + 1
redis.call('HSET', KEYS[1], 'place', place)
if is_at_limit(KEYS[13], ARGV[13]) then
  hold_back(KEYS[14], ARGV[1], ARGV[14], turn)
  return { 'held', turn, place }
end
return { 'created', turn, place }
