-- Puts one instance's users into a room and takes others out; publishes who joined or left the room by it.
-- A user is in the room while one instance holds it. Applying the same change again changes nothing.
-- KEYS: 1 user ids, sorted (all scores 0); 2 id -> "<instances that hold it> <name>"; 3 ids that this instance holds.
-- ARGV: 1 channel; then for each user: "+" or "-", id, name.
local joined = {}

for index = 2, #ARGV, 3 do
  local sign, id, name = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local entry = redis.call('HGET', KEYS[2], id)
  local holders = entry and tonumber(string.match(entry, '^%d+')) or 0
  if sign == '+' then
    local before = holders
    holders = math.max(1, holders + redis.call('SADD', KEYS[3], id))
    redis.call('HSET', KEYS[2], id, holders .. ' ' .. name)
    if before == 0 then
      redis.call('ZADD', KEYS[1], 0, id)
      joined[#joined + 1] = { id = id, name = name }
    end
  elseif redis.call('SREM', KEYS[3], id) == 1 and entry then
    release(id, entry)
  end
end

if #joined + #left > 0 then
  local change = { count = redis.call('ZCARD', KEYS[1]) }
  if #joined > 0 then change.joined = joined end
  if #left > 0 then change.left = left end
  redis.call('SPUBLISH', ARGV[1], cjson.encode(change))
end
