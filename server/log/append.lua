-- Appends messages in their order and publishes them; one whose id was appended within the window is told its place instead, and one that
-- comes after another which was not is left out.
-- ARGV 5, 6: what goes before and after a body in its publication; 7: channel; 8: messages kept, 0 all;
--   9: milliseconds kept, 0 for ever; 10: milliseconds of the id window; then id, id of the one before (or empty) and body of each message
-- Gives epoch, then seq (0 when it is left out), time, 1 when it is a repetition, of each.
local head, tail, channel = ARGV[5], ARGV[6], ARGV[7]
local messages, ttl, window = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local FIRST_MESSAGE = 11

local room = open_room()
local time = math.max(now, room.time)
local bucket = math.floor(time / window)
local ids, older_ids = KEYS[3 + bucket % 2], KEYS[3 + (bucket + 1) % 2]

local function place_of(id)
  local place = false
  if room.bucket == bucket then place = redis.call('HGET', ids, id) end
  if not place and (room.bucket == bucket or room.bucket == bucket - 1) then place = redis.call('HGET', older_ids, id) end
  return place
end

-- The hash that begins takes the place of one whose window is over. Both are there before anything is stored: of a slot that moves,
-- Redis serves only keys that it has, and the script must not end half done.
local function begin_bucket()
  redis.call('UNLINK', ids)
  redis.call('HSET', ids, '', '')
  redis.call('PEXPIREAT', ids, integer((bucket + 2) * window))
  if room.bucket ~= bucket - 1 then
    redis.call('UNLINK', older_ids)
    redis.call('HSET', older_ids, '', '')
    redis.call('PEXPIREAT', older_ids, integer((bucket + 1) * window))
  end
  room.bucket = bucket
end

local function store(id, body)
  -- The first writes: where Redis takes no more, it fails in them and leaves no message behind.
  if room.bucket ~= bucket then begin_bucket() end
  local seq = room.seq + 1
  if messages > 0 then
    redis.call('XADD', STREAM, 'MAXLEN', '~', messages, integer(seq) .. '-0', 't', integer(time), 'm', body)
  else
    redis.call('XADD', STREAM, integer(seq) .. '-0', 't', integer(time), 'm', body)
  end
  redis.call('HSET', ids, id, integer(seq) .. ':' .. integer(time))
  room.seq = seq
end

-- Drops what is too old, found by halving: times never fall.
local function drop_old()
  local low, high = room.seq - redis.call('XLEN', STREAM) + 1, room.seq
  local first = low
  while low < high do
    local middle = math.floor((low + high) / 2)
    if time_of(middle) < now - ttl then low = middle + 1 else high = middle end
  end
  if low > first then redis.call('XTRIM', STREAM, 'MINID', integer(low) .. '-0') end
end

-- An unused room vanishes by expiry, its epoch some time after its entries.
local function keep_house()
  if ttl == 0 then
    redis.call('PERSIST', STREAM)
    redis.call('PERSIST', META)
  else
    if room.kept > 0 then drop_old() end
    redis.call('PEXPIRE', STREAM, integer(ttl + ttl / 8))
    redis.call('PEXPIRE', META, integer(math.max(2 * ttl, UNUSED_MS)))
  end
end

-- The whole of it where it changed, the part that changes with each message otherwise.
local function write_meta(whole)
  local newest = { 'seq', integer(room.seq), 'time', integer(time), 'bucket', integer(bucket) }
  if not whole then return redis.call('HSET', META, unpack(newest)) end
  redis.call('HSET', META, 'epoch', room.epoch, 'ttl', integer(ttl), 'due', integer(now + ttl / 16), unpack(newest))
end

local function publish(body, seq)
  local position = room.epoch .. ':' .. integer(seq)
  local placed
  if string.byte(body) == 34 then
    placed = ',"position":"' .. position .. '","time":' .. integer(time) .. '}'
  else
    placed = cmsgpack.pack('position', position, 'time', time)
  end
  redis.call('SPUBLISH', channel, head .. body .. placed .. tail)
end

local reply, bodies = { room.epoch }, {}
local before, newest = room.seq, false
for i = FIRST_MESSAGE, #ARGV, 3 do
  local id, after, body = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local place = place_of(id)
  if place then
    local seq, at = string.match(place, '^(%d+):(%d+)$')
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = tonumber(seq), tonumber(at), 1
  elseif after ~= '' and after ~= newest and not place_of(after) then
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = 0, time, 0
  else
    store(id, body)
    newest = id
    bodies[#bodies + 1] = body
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = room.seq, time, 0
  end
end
if #bodies == 0 then
  if room.is_new then keep_new(room) end
  return reply
end

local is_due = room.ttl ~= ttl or (ttl > 0 and now >= room.due)
write_meta(is_due)
if is_due then keep_house() end
for i, body in ipairs(bodies) do publish(body, before + i) end
return reply
