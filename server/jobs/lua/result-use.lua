-- Counts what result files take. Stands in front of the scripts that write or drop one.
--
-- ends: files by the time at which Redis forgets them; sizes: of each file its bytes and holder; use: bytes by holder, '' for all of them

local function drop_file(ends, sizes, use, file)
  local bytes, holder = string.match(redis.call('HGET', sizes, file) or '', '^(%d+) (.*)$')
  redis.call('ZREM', ends, file)
  redis.call('HDEL', sizes, file)
  for _, whose in ipairs(bytes and { '', holder } or {}) do
    if redis.call('HINCRBY', use, whose, -bytes) <= 0 then
      redis.call('HDEL', use, whose)
    end
  end
end

local function add_bytes(sizes, use, file, holder, bytes)
  local known = tonumber(string.match(redis.call('HGET', sizes, file) or '', '^%d+') or '0')
  redis.call('HSET', sizes, file, string.format('%d %s', known + bytes, holder))
  redis.call('HINCRBY', use, '', bytes)
  redis.call('HINCRBY', use, holder, bytes)
end

-- The file lives on for so long, and what counts it no shorter.
local function keep_file(ends, sizes, use, file, ends_at, life_ms)
  redis.call('ZADD', ends, ends_at, file)
  redis.call('PEXPIRE', file, life_ms)
  for _, key in ipairs({ ends, sizes, use }) do
    redis.call('PEXPIRE', key, math.max(redis.call('PTTL', key), life_ms))
  end
end

