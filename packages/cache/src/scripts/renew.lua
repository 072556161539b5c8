--[[
  renew: keep a lease for longer, while its loader runs.

  One script rather than GET then PEXPIRE: between the two the lease can pass to somebody else, whose lease
  would then be prolonged.

  KEYS
    entry     the entry, or the lease that guards its loading

  ARGV
    lease     the lease as it was written: kind and token, 17 bytes
    lease_ms  how long it is to last from now on

  REPLY
    1   renewed
    0   lost: it expired, was deleted or replaced
]]
local entry = KEYS[1]
local lease, lease_ms = ARGV[1], tonumber(ARGV[2])

if redis.call('GETRANGE', entry, 0, 16) == lease then
  return redis.call('PEXPIRE', entry, lease_ms)
end

return 0
