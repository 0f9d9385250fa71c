-- Takes a submission, or joins it to the run of the same key, or refuses it. Where the submitter has a place to run it, and nobody waits for
-- one, it is active from the beginning: under a lease, which stands for BullMQ's lock.
--
-- KEYS  1 the job  2 the key's job id ('' stands for none)  3 queued jobs of the lane  4 queued jobs of the other lane
--       5 waiting jobs by owner  6 all jobs by time  7 the owner's jobs by time  8 the lane's turn  9 the lane's turns by owner
--       10 queued jobs of the handler  11 names of handlers  12 the owner's unfinished jobs of the handler
--       13 active jobs of the lane  14 active jobs of the handler  15 leases by their end  16, 17 who waits in the lane at BullMQ
-- ARGV  1 job id  2 request  3 job  4 owner  5 now  6 jobs that may wait  7 jobs of one owner that may wait  8 prefix of job keys
--       9 revision  10 has a key  11 name of the handler  12 joins whatever run has the key
--       13 unfinished jobs of the handler that the owner may have, '' for any number
--       14 the job as it is when it is started, '' where it cannot be  15 its revision then  16 milliseconds that its lease lasts
-- Gives {'joined', job id}, {'busy'}, {'owner busy'}, {'handler busy'}, {'created', turn}, {'started'} or {'line'}: it was to be started, but others wait.

if ARGV[10] == '1' then
  local known = redis.call('GET', KEYS[2])
  local status = known and redis.call('HGET', ARGV[8] .. known, 'status')
  if status == 'queued' or status == 'active' or status == 'done' or (status and ARGV[12] == '1') then
    return { 'joined', known }
  end
end

if ARGV[13] ~= '' and redis.call('SCARD', KEYS[12]) >= tonumber(ARGV[13]) then
  return { 'handler busy' }
end

local taken
if ARGV[14] ~= '' then
  if redis.call('EXISTS', KEYS[16], KEYS[17]) > 0 then
    return { 'line' }
  end
  redis.call('HSET', KEYS[1], 'request', ARGV[2], 'job', ARGV[14], 'revision', ARGV[15], 'status', 'active')
  redis.call('ZADD', KEYS[13], ARGV[5], ARGV[1])
  redis.call('ZADD', KEYS[14], ARGV[5], ARGV[1])
  redis.call('ZADD', KEYS[15], milliseconds() + ARGV[16], ARGV[1])
  taken = { 'started' }
else
  local refused = refusal(KEYS[3], KEYS[4], KEYS[5], ARGV[4], ARGV[6], ARGV[7])
  if refused then
    return { refused }
  end
  local turn = next_turn(KEYS[3], KEYS[8], KEYS[9], ARGV[4])
  redis.call('HSET', KEYS[1], 'request', ARGV[2], 'job', ARGV[3], 'revision', ARGV[9], 'status', 'queued', 'turn', turn)
  redis.call('ZADD', KEYS[3], ARGV[5], ARGV[1])
  redis.call('ZADD', KEYS[10], ARGV[5], ARGV[1])
  redis.call('HINCRBY', KEYS[5], ARGV[4], 1)
  taken = { 'created', turn }
end

redis.call('SADD', KEYS[11], ARGV[11])
if ARGV[13] ~= '' then
  redis.call('SADD', KEYS[12], ARGV[1])
  redis.call('PEXPIRE', KEYS[12], 7 * 86400000)
end
redis.call('ZADD', KEYS[6], ARGV[5], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[6], 0, -10001)
redis.call('ZADD', KEYS[7], ARGV[5], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[7], 0, -1001)
redis.call('PEXPIRE', KEYS[7], 7 * 86400000)
if ARGV[10] == '1' then
  redis.call('SET', KEYS[2], ARGV[1])
end
return taken
