--[[
  retime: change until when a value is fresh and how long it is kept, where it lies.

  A value need not be sent again to live longer, or to be stale from now on. Between a read and a write of the same
  bytes it could be replaced, and would come back; so it is changed in one step, and only if it is still what the
  caller saw, where that matters.

  A lease in its place is the right to store what may have been loaded before: with a new token it is taken away.

  KEYS
    entry     the entry

  ARGV
    head      the first 17 bytes as they were seen, or nothing for whatever value is there
    token     16 new bytes in the place of its token, which supersedes loads that are to replace it; or nothing
    fresh     until when it is fresh, as 8 bytes of the entry; or nothing to keep that
    stale     until when it is stale, likewise
    ttl_ms    how long it is kept from now on, or 0 to keep that

  REPLY
    1   changed
    0   there is no value, or another one, or one of an older form; a lease that was there is removed, if a token was given
]]
local entry = KEYS[1]
local head, token, fresh, stale, ttl_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local there = redis.call('GETRANGE', entry, 0, 17)
if token ~= '' and string.byte(there, 1) == 76 then
  redis.call('DEL', entry)
  return 0
end
if string.byte(there, 1) ~= 86 or string.byte(there, 18) ~= 2 then
  return 0
end
if head ~= '' and string.sub(there, 1, 17) ~= head then
  return 0
end

if token ~= '' then
  redis.call('SETRANGE', entry, 1, token)
end
if fresh ~= '' then
  redis.call('SETRANGE', entry, 27, fresh)
end
if stale ~= '' then
  redis.call('SETRANGE', entry, 39, stale)
end
if ttl_ms > 0 then
  redis.call('PEXPIRE', entry, ttl_ms)
end
return 1
