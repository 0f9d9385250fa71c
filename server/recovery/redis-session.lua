-- One session, a hash of its owner, user and text. ARGV 1: what to do; 2: the owner who asks; 3: milliseconds that the session is kept.
local session, what, owner, ttl = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

if what == 'open' then
  redis.call('HSET', session, 'owner', owner, 'user', ARGV[4], 'text', ARGV[5])
  return redis.call('PEXPIRE', session, ttl)
end

if what == 'take' then
  if redis.call('HGET', session, 'user') ~= ARGV[4] then return false end
  redis.call('HSET', session, 'owner', owner)
  redis.call('PEXPIRE', session, ttl)
  return redis.call('HGET', session, 'text')
end

if redis.call('HGET', session, 'owner') ~= owner then return 0 end
if what == 'remove' then return redis.call('DEL', session) end
redis.call('HSET', session, 'text', ARGV[4])
return redis.call('PEXPIRE', session, ttl)
