--[[
  mark: have a lease say when it ends, if it is still there.

  Between the look that found the lease and the wish to be told it may have ended, and nobody would say so
  any more. So what is there is looked at once more, in one step with the wish: either the lease is marked, and
  whoever fills or releases it tells the channel, or the answer is what took its place.

  SETRANGE keeps the expiry. When it is refused, for want of memory or permission, the waiter is told that nobody
  will call it.

  KEYS
    entry     the entry, or the lease that guards its loading

  ARGV
    lease     the lease as it was seen: kind and token, 17 bytes

  REPLY
    {1, ms}   the lease is there and marked; ms until it expires, -1 if that is not known
    {0, ms}   the lease is there, and could not be marked
    bytes     something else is there
    nil       nothing is there
]]
local entry = KEYS[1]
local lease = ARGV[1]

local head = redis.call('GETRANGE', entry, 0, 17)
if string.sub(head, 1, 17) ~= lease then
  return redis.call('GET', entry)
end

local marked = 1
if #head == 17 and type(redis.pcall('SETRANGE', entry, 17, 'w')) ~= 'number' then
  marked = 0
end

local left = redis.pcall('PTTL', entry)
return { marked, type(left) == 'number' and left or -1 }
