-- Appends one message and publishes it, unless its id was appended within the window: then tells where.
-- ARGV 5: id; 6: body; 7, 8: what goes before and after it in the publication; 9: channel; 10: messages kept, 0 all;
--   11: milliseconds kept, 0 for ever; 12: milliseconds of the id window
-- Gives epoch, seq, time, 1 when it is a repetition.
local id, body, head, tail, channel = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local messages, ttl, window = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])

local room = open_room()
local time = math.max(now, room.time)
local bucket = math.floor(time / window)
local ids, older_ids = KEYS[3 + bucket % 2], KEYS[3 + (bucket + 1) % 2]

local place = false
if room.bucket == bucket then place = redis.call('HGET', ids, id) end
if not place and (room.bucket == bucket or room.bucket == bucket - 1) then place = redis.call('HGET', older_ids, id) end
if place then
  local seq, at = string.match(place, '^(%d+):(%d+)$')
  return { room.epoch, tonumber(seq), tonumber(at), 1 }
end

-- The first write: where Redis takes no more, it fails here and leaves nothing behind.
local seq = room.seq + 1
if messages > 0 then
  redis.call('XADD', STREAM, 'MAXLEN', '~', messages, integer(seq) .. '-0', 't', integer(time), 'm', body)
else
  redis.call('XADD', STREAM, integer(seq) .. '-0', 't', integer(time), 'm', body)
end

if room.bucket ~= bucket then redis.call('UNLINK', ids) end
if room.bucket ~= bucket and room.bucket ~= bucket - 1 then redis.call('UNLINK', older_ids) end
redis.call('HSET', ids, id, integer(seq) .. ':' .. integer(time))
if room.bucket ~= bucket then redis.call('PEXPIREAT', ids, integer((bucket + 2) * window)) end
redis.call('HSET', META, 'seq', integer(seq), 'time', integer(time), 'bucket', integer(bucket))

-- Drops what is too old, found by halving: times never fall. An unused room vanishes by expiry, its epoch some time after its entries.
local function keep_house()
  if ttl == 0 then
    redis.call('PERSIST', STREAM)
    redis.call('PERSIST', META)
  else
    local first = seq - redis.call('XLEN', STREAM) + 1
    local low, high = first, seq
    while low < high do
      local middle = math.floor((low + high) / 2)
      if time_of(middle) < now - ttl then low = middle + 1 else high = middle end
    end
    if low > first then redis.call('XTRIM', STREAM, 'MINID', integer(low) .. '-0') end
    redis.call('PEXPIRE', STREAM, integer(ttl + ttl / 8))
    redis.call('PEXPIRE', META, integer(math.max(2 * ttl, UNUSED_MS)))
  end
  redis.call('HSET', META, 'ttl', integer(ttl), 'due', integer(now + ttl / 16))
end
if room.ttl ~= ttl or (ttl > 0 and now >= room.due) then keep_house() end

local position = room.epoch .. ':' .. integer(seq)
local placed
if string.byte(body) == 34 then
  placed = ',"position":"' .. position .. '","time":' .. integer(time) .. '}'
else
  placed = cmsgpack.pack('position', position, 'time', time)
end
redis.call('SPUBLISH', channel, head .. body .. placed .. tail)
return { room.epoch, seq, time, 0 }
