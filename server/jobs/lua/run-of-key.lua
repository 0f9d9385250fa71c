-- Stands in front of the scripts that take submissions.

-- The id of the run that a submission joins: one that is queued, active or done, with `once` whatever became of it.
-- One that waits is marked: it was promised to another than the one that put it in line, who cannot take it back any more.
-- key: the key's job id; prefix: of job keys
local function run_of(key, prefix, once)
  local known = redis.call('GET', key)
  local status = known and redis.call('HGET', prefix .. known, 'status')
  if status == 'queued' then
    redis.call('HSET', prefix .. known, 'joined', '1')
  end
  if status == 'queued' or status == 'active' or status == 'done' or (status and once) then
    return known
  end
end

