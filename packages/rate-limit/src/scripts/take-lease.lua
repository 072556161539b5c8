--[[
  take-lease: give a holder one of a subject's places, or deny.

  A place belongs to its holder until a time, not until it is given back: one that crashes cannot give anything back. The
  count and the entry are one step, or two holders would take the last place. Asking again with the same id finds the
  place that it has, so it may be repeated.

  The key is a sorted set of ids by the time until which they hold, in microseconds of the server's clock. When that
  clock is set back, a lease lasts longer by as much.

  KEYS
    leases    who holds a place

  ARGV
    id        the lease
    limit     how many places there are
    lease_us  how long the lease lasts, in microseconds
    mode      `take`, `renew`: only one that is held, `peek`: change nothing

  REPLY
    {admitted, free, retry, reset}
              1 or 0; places that are free; microseconds until a place is free by itself, until all are
]]
local leases = KEYS[1]
local id, limit, lease_us, mode = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local until_us = now + lease_us

local held = redis.call('ZSCORE', leases, id)
local holds = held and tonumber(held) > now
local used = redis.call('ZCOUNT', leases, string.format('(%.0f', now), '+inf')
local admitted = holds or mode ~= 'renew' and used < limit

if admitted and mode ~= 'peek' then
  redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
  redis.call('ZADD', leases, until_us, id)
  used = holds and used or used + 1
end

-- More may hold a place than there are, when the limit was a greater one: then so many must end first.
local ends = redis.call('ZRANGEBYSCORE', leases, string.format('(%.0f', now), '+inf', 'WITHSCORES', 'LIMIT',
  math.max(used - limit, 0), 1)
local last = redis.call('ZREVRANGE', leases, 0, 0, 'WITHSCORES')
local reset = math.max((tonumber(last[2]) or now) - now, 0)
if admitted and mode ~= 'peek' then
  redis.call('PEXPIRE', leases, math.ceil(reset / 1000) + 1)
end
local retry = not admitted and ends[2] and tonumber(ends[2]) - now or 0
return { admitted and 1 or 0, limit - used, retry, reset }
