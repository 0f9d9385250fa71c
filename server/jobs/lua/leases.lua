-- Renews the leases of jobs that were started without BullMQ, and tells whose lease is over.
--
-- KEYS  1 leases by their end
-- ARGV  1 milliseconds that a lease lasts  2 jobs that are told at most  then ids of the jobs whose lease is renewed
-- Gives the ids that have no lease any more, and those whose lease is over.

local now, gone = milliseconds(), {}
for i = 3, #ARGV do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i])
  else
    gone[#gone + 1] = ARGV[i]
  end
end
return { gone, redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[2]) }
