-- What leases are held against: the time of Redis, in milliseconds since 1970, as those of the processes differ. Stands in front of the
-- scripts that give or renew one.
local function milliseconds()
  local clock = redis.call('TIME')
  return clock[1] * 1000 + math.floor(clock[2] / 1000)
end

