-- Stands, behind byte-use, in front of the scripts that write a result file.

-- The file lives on for so long, and what counts it no shorter. ends, sizes, use: as in byte-use, of result files
local function keep_file(ends, sizes, use, file, ends_at, life_ms)
  redis.call('ZADD', ends, ends_at, file)
  redis.call('PEXPIRE', file, life_ms)
  live_on({ ends, sizes, use }, life_ms)
end

