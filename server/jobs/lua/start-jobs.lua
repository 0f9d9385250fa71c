-- Takes submissions whose submitter has places to run them: each is active from the beginning, under a lease, which stands for BullMQ's lock. One
-- is joined to the run of the same key, or refused, as by create-job; where others wait at BullMQ, none is taken.
--
-- KEYS  1 active jobs of the lane  2 leases by their end  3 names of handlers  4 all jobs by time  5, 6 who waits in the lane at BullMQ
--       then of each: the job, the owner's jobs by time, active jobs of the handler; with a key, the key's job id; with a limit, the holder's
--       unfinished jobs of the handler; with a limit of those that run, queued jobs of the handler
-- ARGV  1 prefix of job keys
--       then of each: id, request, job, revision, created at, name of the handler, 'key' or 'once' (joins whatever run has the key) or '',
--       unfinished jobs of the handler that the holder may have or '', milliseconds that its lease lasts,
--       jobs of the handler that may run or '', owner
-- Gives of each {'joined', job id}, {'handler busy'}, {'started'}, {'line'}: others wait, or {'full'}: it has to wait for others of its handler.

local FIRST, EACH, WEEK_MS = 2, 11, 7 * 86400000
local now = milliseconds()
local line = redis.call('EXISTS', KEYS[5], KEYS[6]) > 0
local additions, owners, names, answers = {}, {}, {}, {}

local key_at = 6
local function next_key()
  key_at = key_at + 1
  return KEYS[key_at]
end

-- What comes into a sorted set is gathered: one command for all of it.
local function add(set, score, member)
  local added = additions[set] or {}
  additions[set] = added
  added[#added + 1] = score
  added[#added + 1] = member
end

-- Whether the handler allows one more, and none of its jobs is before it.
local function may_start(active_of_name, queued_of_name, most)
  local added = #(additions[active_of_name] or {}) / 2
  local active = redis.call('ZCARD', active_of_name) + added
  return active < tonumber(most) and redis.call('ZCARD', queued_of_name) == 0
end

for i = FIRST, #ARGV, EACH do
  local id, request, job, revision, created_at, name, keyed, limit, lease, most, owner = unpack(ARGV, i, i + EACH - 1)
  local job_key, owner_jobs, active_of_name = next_key(), next_key(), next_key()
  local key = keyed ~= '' and next_key()
  local unfinished = limit ~= '' and next_key()
  local queued_of_name = most ~= '' and next_key()
  local joined = key and run_of(key, ARGV[1], keyed == 'once')
  local answer
  if joined then
    answer = { 'joined', joined }
  elseif unfinished and redis.call('SCARD', unfinished) >= tonumber(limit) then
    answer = { 'handler busy' }
  elseif queued_of_name and not may_start(active_of_name, queued_of_name, most) then
    answer = { 'full' }
  elseif line then
    answer = { 'line' }
  else
    redis.call('HSET', job_key, 'request', request, 'job', job, 'revision', revision, 'status', 'active', 'owner', owner)
    add(KEYS[1], created_at, id)
    add(active_of_name, created_at, id)
    add(KEYS[2], now + lease, id)
    add(KEYS[4], created_at, id)
    add(owner_jobs, created_at, id)
    owners[owner_jobs] = true
    names[name] = true
    if unfinished then
      redis.call('SADD', unfinished, id)
      redis.call('PEXPIRE', unfinished, WEEK_MS)
    end
    if key then
      redis.call('SET', key, id)
    end
    answer = { 'started' }
  end
  answers[#answers + 1] = answer
end

for set, added in pairs(additions) do
  redis.call('ZADD', set, unpack(added))
end
for owner_jobs in pairs(owners) do
  redis.call('ZREMRANGEBYRANK', owner_jobs, 0, -1001)
  redis.call('PEXPIRE', owner_jobs, WEEK_MS)
end
for name in pairs(names) do
  redis.call('SADD', KEYS[3], name)
end
if next(owners) then
  redis.call('ZREMRANGEBYRANK', KEYS[4], 0, -10001)
end
return answers
