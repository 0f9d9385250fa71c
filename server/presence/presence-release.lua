-- Takes one instance off those that hold a user; with the last one the user leaves the room.
-- KEYS: 1 user ids, sorted (all scores 0); 2 id -> "<instances that hold it> <name>".
local left = {}

local function release(id, entry)
  local holders, name = string.match(entry, '^(%d+) (.*)$')
  if tonumber(holders) > 1 then
    redis.call('HSET', KEYS[2], id, (holders - 1) .. ' ' .. name)
  else
    redis.call('HDEL', KEYS[2], id)
    redis.call('ZREM', KEYS[1], id)
    left[#left + 1] = { id = id, name = name }
  end
end
