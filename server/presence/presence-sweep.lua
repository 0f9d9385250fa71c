-- Takes users that a dead instance held out of a room, so many at a time, and publishes who left by it.
-- KEYS: 1 user ids, sorted; 2 id -> "<instances that hold it> <name>"; 3 ids that the dead instance held.
-- ARGV: 1 channel; 2 users at most.
-- Gives how many the dead instance still holds.
for _, id in ipairs(redis.call('SPOP', KEYS[3], ARGV[2])) do
  local entry = redis.call('HGET', KEYS[2], id)
  if entry then release(id, entry) end
end

if #left > 0 then
  redis.call('SPUBLISH', ARGV[1], cjson.encode({ left = left, count = redis.call('ZCARD', KEYS[1]) }))
end
return redis.call('SCARD', KEYS[3])
