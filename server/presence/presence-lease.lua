-- Renews or takes an instance's lease, by Redis's clock, and names instances whose lease is over.
-- KEYS: 1 instances by the end of their lease, in ms.
-- ARGV: 1 instance; 2 lease in ms; 3 "take" or "renew": a lease that is over is not renewed.
-- Gives 1 when the instance has its lease, else 0; then instances that are dead.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[1]) or '0')
local holds = ARGV[3] == 'take' or ends > now

if holds then redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1]) end
local reply = redis.call('ZRANGE', KEYS[1], '-inf', string.format('%.0f', now), 'BYSCORE', 'LIMIT', 0, 16)
table.insert(reply, 1, holds and 1 or 0)
return reply
