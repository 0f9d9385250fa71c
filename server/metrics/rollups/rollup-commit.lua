-- Writes a room's chunks and its mark, if the mark is still the one that they were made under.
-- KEYS: the mark, the names, then a hash of chunks each.
-- ARGV: the mark that was ('' for none), the new one, milliseconds to keep mark and names, how many names, (until, name) each,
-- then for each hash: milliseconds to keep it, how many fields, (series, bytes) each.
local PAIRS = 1000

local mark, names, keep = KEYS[1], KEYS[2], ARGV[3]
if (redis.call('GET', mark) or '') ~= ARGV[1] then return 0 end
redis.call('SET', mark, ARGV[2], 'PX', keep)

local at, count = 5, tonumber(ARGV[4])
for name = 0, count - 1 do redis.call('ZADD', names, 'GT', ARGV[at + 2 * name], ARGV[at + 2 * name + 1]) end
redis.call('PEXPIRE', names, keep)
at = at + 2 * count

for hash = 3, #KEYS do
  local ttl, fields = ARGV[at], tonumber(ARGV[at + 1])
  for first = 0, fields - 1, PAIRS do
    local last = math.min(first + PAIRS, fields)
    redis.call('HSET', KEYS[hash], unpack(ARGV, at + 2 + 2 * first, at + 1 + 2 * last))
  end
  redis.call('PEXPIRE', KEYS[hash], ttl)
  at = at + 2 + 2 * fields
end
return 1
