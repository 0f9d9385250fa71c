-- What all scripts of the room log begin with. A room is four keys with one hash tag:
--   meta    hash: epoch, seq (newest), time (of the newest), ttl (retention), due (next housekeeping), bucket (of the ids)
--   stream  entry <seq>-0: t (time), m (body); seqs have no holes, so the oldest is seq - length + 1
--   ids     two hashes by turns, one for each time bucket: id -> seq:time
-- KEYS: meta, stream, ids of even buckets, ids of odd buckets
-- ARGV 1: an epoch that was never used; 2, 3: an epoch and the newest seq in it that the caller has seen, or '' and 0;
--   4: the time of that entry when the caller has connected anew since it saw it, else 0
local META, STREAM = KEYS[1], KEYS[2]
local UNUSED_MS = 60 * 60 * 1000

local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- tostring would write large numbers as 1e+15.
local function integer(number)
  return string.format('%.0f', number)
end

-- The room begins with what is there: nothing, or entries whose meta hash was lost. Its ids are of no use any more.
local function begin_room(room)
  local newest = room.kept > 0 and redis.call('XREVRANGE', STREAM, '+', '-', 'COUNT', 1)[1]
  room.seq = newest and tonumber(string.match(newest[1], '^%d+')) or 0
  room.time = newest and tonumber(newest[2][2]) or room.time
  room.ttl, room.bucket = -1, -1
end

local function begin_epoch(room)
  room.epoch = ARGV[1]
  redis.call('HSET', META, 'epoch', room.epoch, 'seq', integer(room.seq), 'time', integer(room.time))
end

local function time_of(seq)
  local at = integer(seq) .. '-0'
  return tonumber(redis.call('XRANGE', STREAM, at, at)[1][2][2])
end

-- Redis came back without entries that the caller has seen: fewer, or others in their places by now.
local function receded(room)
  if room.epoch ~= ARGV[2] then return false end
  local seq, time = tonumber(ARGV[3]), tonumber(ARGV[4])
  if room.seq < seq then return true end
  return time > 0 and seq > room.seq - room.kept and time_of(seq) ~= time
end

-- Keeps the epoch of a room that nobody has written to.
local function keep_new(room)
  begin_epoch(room)
  redis.call('PEXPIRE', META, UNUSED_MS)
end

-- The room as it stands. Its epoch is a new one where entries were lost; one that has no meta hash yet `is_new`, and the caller writes it.
local function open_room()
  local meta = redis.call('HMGET', META, 'epoch', 'seq', 'time', 'ttl', 'due', 'bucket')
  local room = {
    epoch = meta[1],
    seq = tonumber(meta[2] or 0),
    time = tonumber(meta[3] or 0),
    ttl = tonumber(meta[4] or -1),
    due = tonumber(meta[5] or 0),
    bucket = tonumber(meta[6] or -1),
    kept = redis.call('XLEN', STREAM),
  }
  local grown_old = room.ttl > 0 and room.time + room.ttl <= now
  if not room.epoch then
    begin_room(room)
    room.epoch, room.is_new = ARGV[1], true
  elseif room.kept == 0 and room.seq > 0 and not grown_old then
    begin_room(room)
    redis.call('UNLINK', KEYS[3], KEYS[4])
    begin_epoch(room)
  elseif receded(room) then
    begin_epoch(room)
  end
  return room
end
