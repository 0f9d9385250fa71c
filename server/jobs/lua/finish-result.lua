-- Makes a written file its job's, in place of the one before.
--
-- KEYS  1 ends  2 sizes  3 use, all as in byte-use  4 the file: a hash of its chunks  5 the description of the job's file
-- ARGV  1 description  2 milliseconds that the description lives  3 the same of the chunks
-- Gives the description before, if there was one.

local ends, sizes, use, file = unpack(KEYS)
if redis.call('EXISTS', file) == 1 then
  keep_file(ends, sizes, use, file, milliseconds() + ARGV[3], tonumber(ARGV[3]))
end
return redis.call('SET', KEYS[5], ARGV[1], 'PX', ARGV[2], 'GET')
