--[[
  acquire: take a lock, or a place among those who wait for it.

  Whether it is free, who comes next, which number comes next and until when: between two commands each of these could
  change, so one script looks and takes. The state lies in one key, because scripts on two keys fail for as long as
  their slot moves. It holds { number, holders, waiters }: a holder is { token, limit, deadline, number }, a waiter
  { token, limit, deadline, called }, deadlines and numbers in microseconds of the server's clock. Whose deadline has
  passed is not there any more.

  The number only grows: it is the time, or one more than the last number where the clock has not passed that.
  Whoever waits is served in order: those ahead count as if they held it already. Those who could take it now and do
  not know it yet are called by their tokens, on the shard channel that has the key's name, and have some time to come.
  When publishing is refused they find out by looking.

  Asked twice with one token it answers the same number, so that it may be repeated when an answer was lost.

  KEYS
    lock      the lock's state

  ARGV
    token     16 characters of this acquisition
    limit     with how many at most it may be held, itself included; 0 for nobody else
    ttl_ms    how long it is held, unless renewed
    stay_ms   how long a waiter's place is kept from now on; 0 for one who does not wait
    claim_ms  how long one who is called has to come
    keep_ms   how long the number is remembered after the last holder

  REPLY
    {1, number}       taken
    {0, ms, ahead}    not taken; ms until something changes by itself, and how many wait ahead
]]
local lock = KEYS[1]
local token, limit, ttl_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local stay_ms, claim_ms, keep_ms = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local number, holders, waiters = 0, {}, {}
local bytes = redis.call('GET', lock)
if bytes then
  local state = cmsgpack.unpack(bytes)
  number = state[1]
  for _, each in ipairs(state[2]) do
    if each[3] > now then holders[#holders + 1] = each end
  end
  for _, each in ipairs(state[3]) do
    if each[3] > now then waiters[#waiters + 1] = each end
  end
end

local held, place
for _, each in ipairs(holders) do
  if each[1] == token then held = each end
end
for i, each in ipairs(waiters) do
  if each[1] == token then place = i end
end

-- How many of the waiters could take it now, all of them from the first one on.
local function admitted()
  local with, alone = #holders, #holders > 0 and holders[1][2] == 0
  for i, each in ipairs(waiters) do
    if alone or (each[2] == 0 and with > 0) or (each[2] > 0 and with >= each[2]) then
      return i - 1
    end
    with, alone = with + 1, each[2] == 0
  end
  return #waiters
end

local function save()
  local called = {}
  for i = 1, admitted() do
    local each = waiters[i]
    if each[4] == 0 then
      each[3], each[4] = math.min(each[3], now + claim_ms * 1000), 1
      called[#called + 1] = each[1]
    end
  end
  local last = math.max(now, number)
  for _, each in ipairs(holders) do last = math.max(last, each[3]) end
  for _, each in ipairs(waiters) do last = math.max(last, each[3]) end
  local px = math.ceil((last - now) / 1000) + keep_ms + 1
  redis.call('SET', lock, cmsgpack.pack({ number, holders, waiters }), 'PX', px)
  if #called > 0 then
    redis.pcall('SPUBLISH', lock, table.concat(called))
  end
end

if held then
  held[3] = math.max(held[3], now + ttl_ms * 1000)
  save()
  return { 1, held[4] }
end

local mine = place
if not mine then
  mine = #waiters + 1
  waiters[mine] = { token, limit, now + stay_ms * 1000, 1 }
end
if admitted() >= mine then
  table.remove(waiters, mine)
  number = math.max(number + 1, now)
  holders[#holders + 1] = { token, limit, now + ttl_ms * 1000, number }
  save()
  return { 1, number }
end

if stay_ms > 0 then
  -- Not called, as far as it knows: it would not have come in vain.
  waiters[mine][3], waiters[mine][4] = now + stay_ms * 1000, 0
  save()
else
  table.remove(waiters, mine)
  -- It is free for those ahead, of whom somebody has to hear that: its holder may have died.
  if admitted() > 0 and waiters[1][4] == 0 then save() end
end
local next = math.huge
for _, each in ipairs(holders) do next = math.min(next, each[3]) end
for i = 1, mine - 1 do next = math.min(next, waiters[i][3]) end
return { 0, math.ceil((next - now) / 1000), mine - 1 }
