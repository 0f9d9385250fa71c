-- Keeps large ended jobs within bounds of bytes: stands, behind byte-use, in front of the scripts that end jobs.
--
-- large: { ends, sizes, use = as in byte-use, of such jobs, of = prefix of the same set as ends, of one holder, job = prefix of job keys,
--          most, most_of_holder = bytes that are kept }

local function leave_large(large, id)
  local holder = drop_bytes(large.ends, large.sizes, large.use, id)
  if holder then
    redis.call('ZREM', large.of .. holder, id)
  end
end

-- Forgets the first jobs of a set, until they have no more bytes than may be. whose: '' or the holder
local function forget_large(large, set, whose, most)
  while tonumber(redis.call('HGET', large.use, whose) or '0') > tonumber(most) do
    local first = redis.call('ZRANGE', set, 0, 0)[1]
    if not first then
      redis.call('HDEL', large.use, whose)
      return
    end
    redis.call('ZREM', set, first)
    redis.call('DEL', large.job .. first)
    leave_large(large, first)
  end
end

-- Notes a job that has ended, and forgets those before it that its holder, or all, have no room for. now: milliseconds since 1970;
-- kept_ms: milliseconds for which this one is kept
local function keep_large(large, id, holder, bytes, now, kept_ms)
  local of_holder = large.of .. holder
  for _, over in ipairs(redis.call('ZRANGE', large.ends, '-inf', now, 'BYSCORE', 'LIMIT', 0, 100)) do
    leave_large(large, over)
  end
  redis.call('ZADD', large.ends, now + kept_ms, id)
  redis.call('ZADD', of_holder, now + kept_ms, id)
  add_bytes(large.sizes, large.use, id, holder, bytes)
  live_on({ large.ends, large.sizes, large.use, of_holder }, kept_ms)
  forget_large(large, of_holder, holder, large.most_of_holder)
  forget_large(large, large.ends, '', large.most)
end

