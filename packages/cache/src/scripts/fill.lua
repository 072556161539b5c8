--[[
  fill: keep a loaded value, unless the right to do so has passed on.

  A slow loader can come back after its lease expired, or after the key was deleted. What it read may be
  older than what is there now, so what the key holds decides: it must still be the lease that was taken.
  A fill that is repeated because its reply was lost finds its own value, and says so.

  KEYS
    entry     the entry, or the lease that guards its loading

  ARGV
    lease     the lease as it was written: kind and token, 17 bytes
    filled    the head of the value's bytes: kind and token, 17 bytes
    value     the value's bytes
    ttl_ms    how long they are kept

  REPLY
    1   filled
    0   superseded, nothing was changed
]]
local entry = KEYS[1]
local lease, filled, value, ttl_ms = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local head = redis.call('GETRANGE', entry, 0, 16)
if head == lease then
  redis.call('SET', entry, value, 'PX', ttl_ms)
  return 1
end

if head == filled then
  return 1
end

return 0
