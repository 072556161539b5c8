--[[
  fill: keep a loaded value, unless the right to do so has passed on.

  A slow loader can come back after its lease expired, or after the key was deleted. What it read may be
  older than what is there now, so what the key holds decides: it must still be the lease that was taken, or the
  stale value that was to be replaced. A fill that is repeated because its reply was lost finds its own value, and says so.

  Those who wait for the lease are told, if there are any. The channel lies in the slot of the entry. That it is an
  argument has a reason: a key would have to be allowed by every ACL. When publishing is refused they find the value
  by themselves.

  KEYS
    entry     the entry, or the lease that guards its loading

  ARGV
    head      what has to be there, kind and token, 17 bytes: of the lease, or of the value that is replaced
    value     the new value's bytes, which begin with its own
    ttl_ms    how long they are kept
    channel   the shard channel on which those who wait are told

  REPLY
    1   filled
    0   superseded, nothing was changed
]]
local entry = KEYS[1]
local head, value, ttl_ms, channel = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]

local there = redis.call('GETRANGE', entry, 0, 17)
local found = string.sub(there, 1, 17)
if found == head then
  redis.call('SET', entry, value, 'PX', ttl_ms)
  if string.byte(there, 1) == 76 and #there == 18 then
    redis.pcall('SPUBLISH', channel, string.sub(head, 2))
  end
  return 1
end

if found == string.sub(value, 1, 17) then
  return 1
end

return 0
