-- How jobs come into line: stands in front of the scripts that put one there.

-- Why no further job of the holder may wait, or nil: as `usedUp` of line-shares.ts says it.
-- lane, other: queued jobs of the lane and of the other one; waiting: waiting jobs by holder; most: jobs that may wait
local function refusal(lane, other, waiting, holder, most)
  local all = redis.call('ZCARD', lane) + redis.call('ZCARD', other)
  if all == 0 then
    redis.call('DEL', waiting)
  end
  local own = tonumber(redis.call('HGET', waiting, holder) or '0')
  local free = most - all
  if own > 0 and (own + 1 > free or free - 1 < math.floor(most / 10)) then
    return 'owner busy'
  end
  if free < 1 then
    return 'busy'
  end
end

-- Start-time fair queueing: a holder's next job comes one turn after its last one, or after the turn that runs now.
-- 699050 is a third of BullMQ's highest priority number, one for each priority of jobs; a queue that was not empty for so many turns goes on in plain order.
-- lane: queued jobs of the lane; turn: the turn of the lane and priority; turns: its turns by holder
local function next_turn(lane, turn, turns, holder)
  if redis.call('ZCARD', lane) == 0 then
    redis.call('DEL', turn, turns)
  end
  local now = tonumber(redis.call('GET', turn) or '0')
  local own = tonumber(redis.call('HGET', turns, holder) or '0')
  local next = math.min(math.max(now, own) + 1, 699050)
  redis.call('HSET', turns, holder, next)
  return next
end

