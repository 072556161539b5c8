--[[
  release: give back a lock, or a place among those who wait for it, and call who comes next.

  Only what is the caller's own: after its time was over somebody else may hold the lock, which a plain DEL would take
  from them. It works when memory is full: PEXPIRE comes first, because a script that has written may go on.

  With the last one the key goes, unless the number is to be remembered: when it was asked for, and for as long as the
  server's clock, having been set back, has not passed it.

  KEYS
    lock      the lock's state, as acquire keeps it

  ARGV
    token     16 characters of the acquisition
    claim_ms  how long one who is called has to come
    keep_ms   how long the number is remembered after the last holder

  REPLY
    2   it had a place among those who wait, and has none now
    1   it was held, and is given back
    0   nothing was there, nothing was changed
]]
local lock = KEYS[1]
local token, claim_ms, keep_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local bytes = redis.call('GET', lock)
if not bytes then
  return 0
end

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local state = cmsgpack.unpack(bytes)
local number, holders, waiters = state[1], {}, {}
local last = math.max(now, number)
local found = 0
for _, each in ipairs(state[2]) do
  if each[3] > now then
    if each[1] == token then
      found = 1
    else
      holders[#holders + 1] = each
      last = math.max(last, each[3])
    end
  end
end
for _, each in ipairs(state[3]) do
  if each[3] > now then
    if each[1] == token then
      found = 2
    else
      waiters[#waiters + 1] = each
    end
  end
end
if found == 0 then
  return 0
end

if #holders + #waiters == 0 and keep_ms == 0 and number < now then
  redis.call('DEL', lock)
  return found
end

local called = {}
local with, alone = #holders, #holders > 0 and holders[1][2] == 0
for _, each in ipairs(waiters) do
  if alone or (each[2] == 0 and with > 0) or (each[2] > 0 and with >= each[2]) then
    break
  end
  if each[4] == 0 then
    each[3], each[4] = math.min(each[3], now + claim_ms * 1000), 1
    called[#called + 1] = each[1]
  end
  with, alone = with + 1, each[2] == 0
end
for _, each in ipairs(waiters) do last = math.max(last, each[3]) end

local px = math.ceil((last - now) / 1000) + keep_ms + 1
redis.call('PEXPIRE', lock, px)
redis.call('SET', lock, cmsgpack.pack({ number, holders, waiters }), 'PX', px)
if #called > 0 then
  redis.pcall('SPUBLISH', lock, table.concat(called))
end
return found
