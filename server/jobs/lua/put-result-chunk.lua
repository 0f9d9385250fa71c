-- Writes a chunk of a result file where its holder, and all, have room for it.
--
-- KEYS  1 ends  2 sizes  3 use, all as in byte-use  4 the file: a hash of its chunks
-- ARGV  1 holder  2 number of the chunk  3 chunk  4 milliseconds that an unfinished file lives
--       5 bytes of all files at most  6 of one holder's  7 bytes that a file counts for beside its own
-- Gives '' or who has no room: 'own' or 'all'.

local ends, sizes, use, file = unpack(KEYS)
local holder, bytes, now = ARGV[1], #ARGV[3], milliseconds()
for _, over in ipairs(redis.call('ZRANGE', ends, '-inf', now, 'BYSCORE', 'LIMIT', 0, 1000)) do
  drop_bytes(ends, sizes, use, over)
end
if redis.call('HEXISTS', sizes, file) == 0 then
  bytes = bytes + ARGV[7]
end
if tonumber(redis.call('HGET', use, holder) or '0') + bytes > tonumber(ARGV[6]) then
  return 'own'
end
if tonumber(redis.call('HGET', use, '') or '0') + bytes > tonumber(ARGV[5]) then
  return 'all'
end
redis.call('HSET', file, ARGV[2], ARGV[3])
add_bytes(sizes, use, file, holder, bytes)
keep_file(ends, sizes, use, file, now + ARGV[4], tonumber(ARGV[4]))
return ''
