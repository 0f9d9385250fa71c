-- Counts the bytes of what is kept for some time. Stands in front of the scripts that write or drop some of it.
--
-- ends: what is kept, by the time at which it is forgotten; sizes: of each its bytes and holder; use: bytes by holder, '' for all of them

local function add_bytes(sizes, use, id, holder, bytes)
  local known = tonumber(string.match(redis.call('HGET', sizes, id) or '', '^%d+') or '0')
  redis.call('HSET', sizes, id, string.format('%d %s', known + bytes, holder))
  redis.call('HINCRBY', use, '', bytes)
  redis.call('HINCRBY', use, holder, bytes)
end

-- Gives the holder, if it was counted.
local function drop_bytes(ends, sizes, use, id)
  local bytes, holder = string.match(redis.call('HGET', sizes, id) or '', '^(%d+) (.*)$')
  redis.call('ZREM', ends, id)
  redis.call('HDEL', sizes, id)
  for _, whose in ipairs(bytes and { '', holder } or {}) do
    if redis.call('HINCRBY', use, whose, -bytes) <= 0 then
      redis.call('HDEL', use, whose)
    end
  end
  return holder
end

-- The keys live on for so long at least.
local function live_on(keys, life_ms)
  for _, key in ipairs(keys) do
    redis.call('PEXPIRE', key, math.max(redis.call('PTTL', key), tonumber(life_ms)))
  end
end

