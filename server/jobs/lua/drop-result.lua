-- Drops a file and what it counted for.
--
-- KEYS  1 ends  2 sizes  3 use, all as in byte-use  4 the file: a hash of its chunks

drop_bytes(unpack(KEYS))
redis.call('UNLINK', KEYS[4])
return 1
