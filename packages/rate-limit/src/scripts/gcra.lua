--[[
  gcra: charge a subject's only limit, or deny.

  The short way for what is asked most. Between a read and a write somebody else could be admitted on the same place, so
  both are one step; and the time is the server's, because no two processes agree on it.

  The key holds when the bucket will be empty (the theoretical arrival time of ITU-T I.371), in microseconds. Denial
  writes nothing. What is not a plain number, or lies further ahead than this limit can have put it, is for `charge`.

  KEYS
    counters  what the subject has used

  ARGV
    charge    what the cost adds, in microseconds
    capacity  what the bucket holds, in microseconds

  REPLY
    n >= 0    admitted; microseconds until the bucket is empty
    n < 0     denied; the same, negative
    nil       ask `charge`; nothing was changed
]]
local counters = KEYS[1]
local charge, capacity = tonumber(ARGV[1]), tonumber(ARGV[2])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local empty_at = tonumber(redis.call('GET', counters) or 0)
if not empty_at or empty_at - now > 2 * capacity then
  return false
end

local level = empty_at > now and empty_at - now or 0
local charged = level + charge
if charged > capacity then
  return -level
end

redis.call('SET', counters, now + charged, 'PX', math.ceil(charged / 1000) + 1)
return charged
