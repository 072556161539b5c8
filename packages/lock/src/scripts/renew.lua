--[[
  renew: hold a lock for longer, if it is still held.

  One step rather than a look and then a longer time: between the two it can pass to somebody else, whose time would
  then be prolonged. It never shortens: of two that meet, the one that arrives last must not take back what the other
  was promised.

  PEXPIRE comes first: a script that has written may go on when memory is full, and a renewal must.

  KEYS
    lock      the lock's state, as acquire keeps it

  ARGV
    token     16 characters of the acquisition
    ttl_ms    how long it is held from now on, at least
    keep_ms   how long the number is remembered after the last holder

  REPLY
    1   renewed
    0   lost: its time was over, or it was given back
]]
local lock = KEYS[1]
local token, ttl_ms, keep_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local bytes = redis.call('GET', lock)
if not bytes then
  return 0
end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = cmsgpack.unpack(bytes)
local held
local last = math.max(now, state[1])
for _, each in ipairs(state[2]) do
  if each[1] == token and each[3] > now then
    each[3] = math.max(each[3], now + ttl_ms * 1000)
    held = each
  end
  last = math.max(last, each[3])
end
if not held then
  return 0
end

for _, each in ipairs(state[3]) do last = math.max(last, each[3]) end
local px = math.ceil((last - now) / 1000) + keep_ms + 1
redis.call('PEXPIRE', lock, px)
redis.call('SET', lock, cmsgpack.pack(state), 'PX', px)
return 1
