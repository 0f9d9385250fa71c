-- One address's connections by instance: field = instance, value = "count expiresAtMs".
-- KEYS: 1 the address's hash. ARGV: 1 this instance, 2 its count, 3 lease in ms.
-- Gives the connections of all other instances whose lease runs.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local count = tonumber(ARGV[2])
local lease = tonumber(ARGV[3])

if count > 0 then
  redis.call('HSET', KEYS[1], ARGV[1], count .. ' ' .. string.format('%.0f', now + lease))
  redis.call('PEXPIRE', KEYS[1], lease)
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end

local elsewhere = 0
local fields = redis.call('HGETALL', KEYS[1])
for index = 1, #fields, 2 do
  local theirs, expires = string.match(fields[index + 1], '(%d+) (%d+)')
  if tonumber(expires) <= now then
    redis.call('HDEL', KEYS[1], fields[index])
  elseif fields[index] ~= ARGV[1] then
    elsewhere = elsewhere + tonumber(theirs)
  end
end
return elsewhere
