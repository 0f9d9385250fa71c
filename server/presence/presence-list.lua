-- One page of a room's users, by id.
-- KEYS: 1 user ids, sorted; 2 id -> "<instances that hold it> <name>".
-- ARGV: 1 the id after which the page begins, '' for the first page; 2 users at most.
-- Gives the count of all users, 1 when there are more after the page, then ids and names in turn.
local limit = tonumber(ARGV[2])
local from = ARGV[1] == '' and '-' or '(' .. ARGV[1]
local ids = redis.call('ZRANGE', KEYS[1], from, '+', 'BYLEX', 'LIMIT', 0, limit + 1)
local page = { redis.call('ZCARD', KEYS[1]), #ids > limit and 1 or 0 }

ids[limit + 1] = nil
if #ids == 0 then return page end
for index, entry in ipairs(redis.call('HMGET', KEYS[2], unpack(ids))) do
  page[#page + 1] = ids[index]
  page[#page + 1] = entry and string.match(entry, ' (.*)$') or ids[index]
end
return page
