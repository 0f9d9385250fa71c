-- Stands, behind byte-use, in front of the scripts that end jobs.

-- Notes a failed job, and forgets the oldest where its holder, or all, have more than are kept. Jobs that are gone for other reasons may still
-- be noted under their holder: they are the oldest there.
-- failed, of_holder: failed jobs by the time of their end, of all and of the holder; most, most_of_holder: those that are kept;
-- kept_ms: milliseconds for which this one is kept; prefix: of job keys
local function note_failed(failed, of_holder, most, most_of_holder, id, ended_at, kept_ms, prefix)
  redis.call('ZADD', failed, ended_at, id)
  redis.call('ZADD', of_holder, ended_at, id)
  live_on({ of_holder }, kept_ms)
  local function keep(set, kept)
    for _, oldest in ipairs(redis.call('ZRANGE', set, 0, -1 - tonumber(kept))) do
      redis.call('ZREM', of_holder, oldest)
      if redis.call('ZREM', failed, oldest) == 1 then
        redis.call('DEL', prefix .. oldest)
      end
    end
  end
  keep(of_holder, most_of_holder)
  keep(failed, most)
end

