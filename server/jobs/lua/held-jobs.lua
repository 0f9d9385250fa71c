-- Jobs that are held back, because as many of their handler's jobs run as it allows: stands in front of the scripts that start and end jobs.
--
-- Whoever frees a place takes the first of them out, and its process puts it in line again. So where jobs are held back, those that run
-- and those that are on their way into the line are together as many as may run, and none is forgotten.

-- active: active jobs of the handler; limit: how many there may be, '' for any number
local function is_at_limit(active, limit)
  return limit ~= '' and redis.call('ZCARD', active) >= tonumber(limit)
end

-- held: jobs of the handler that are held back; base: place in line of the first turn of the job's priority; turn: the job's, if it has one
local function hold_back(held, id, base, turn)
  redis.call('ZADD', held, base + (turn or 1), id)
end

-- Takes out the job that goes first, by its place in line. held: jobs of the handler that are held back
local function next_held(held)
  return redis.call('ZPOPMIN', held)[1]
end

