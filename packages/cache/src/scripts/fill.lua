--[[
  fill: keep a loaded value, unless the right to do so has passed on.

  A slow loader can come back after its lease expired, or after the key was deleted. What it read may be
  older than what is there now, so what the key holds decides: it must still be the lease that was taken.
  A fill that is repeated because its reply was lost finds its own value, and says so.

  Those who wait for the lease are told, if there are any. The channel lies in the slot of the entry. That it is an
  argument has a reason: a key would have to be allowed by every ACL. When publishing is refused they find the value
  by themselves.

  KEYS
    entry     the entry, or the lease that guards its loading

  ARGV
    lease     the lease as it was written: kind and token, 17 bytes
    filled    the head of the value's bytes: kind and token, 17 bytes
    value     the value's bytes
    ttl_ms    how long they are kept
    channel   the shard channel on which those who wait are told

  REPLY
    1   filled
    0   superseded, nothing was changed
]]
local entry = KEYS[1]
local lease, filled, value, ttl_ms, channel = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]

local there = redis.call('GETRANGE', entry, 0, 17)
local head = string.sub(there, 1, 17)
if head == lease then
  redis.call('SET', entry, value, 'PX', ttl_ms)
  if #there == 18 then
    redis.pcall('SPUBLISH', channel, string.sub(lease, 2))
  end
  return 1
end

if head == filled then
  return 1
end

return 0
