-- Reads one page, or with a limit of 0 only where the log stands.
-- ARGV 5, 6: exclusive bounds, 0 for none; 7: entries at most; 8: 'oldest' or 'newest'; 9: bytes after which the page ends
-- Gives epoch, first, last, time of the last, and id, time, body of each entry in the order of reading.
local after, before, limit, newest, max_bytes = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8] == 'newest', tonumber(ARGV[9])
local ENTRIES_AT_ONCE = 32

local room = open_room()
local first, last = room.seq - room.kept + 1, room.seq

-- A room that is looked at is not unused.
if room.is_new then
  keep_new(room)
else
  local left = redis.call('PTTL', META)
  if left >= 0 and left < UNUSED_MS / 2 then redis.call('PEXPIRE', META, UNUSED_MS) end
end

local from, to = math.max(first, after + 1), last
if before > 0 then to = math.min(last, before - 1) end
local page, count, bytes = {}, 0, 0

local function take(entries)
  for _, entry in ipairs(entries) do
    bytes = bytes + #entry[2][4]
    if bytes > max_bytes and count > 0 then return false end
    count = count + 1
    page[#page + 1] = entry[1]
    page[#page + 1] = entry[2][2]
    page[#page + 1] = entry[2][4]
  end
  return true
end

local more = true
while more and from <= to and count < limit do
  local asked = math.min(limit - count, ENTRIES_AT_ONCE, to - from + 1)
  if newest then
    more = take(redis.call('XREVRANGE', STREAM, integer(to) .. '-0', integer(from) .. '-0', 'COUNT', integer(asked)))
    to = to - asked
  else
    more = take(redis.call('XRANGE', STREAM, integer(from) .. '-0', integer(to) .. '-0', 'COUNT', integer(asked)))
    from = from + asked
  end
end
return { room.epoch, first, last, room.time, page }
