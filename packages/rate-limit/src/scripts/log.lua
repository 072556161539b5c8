--[[
  log: charge a limit that remembers each admission, or deny.

  Exact in any window: the key is a list of what was admitted, `<at>:<all in all>`, oldest first, with the sum of all
  costs up to it, so that what lies between two of them is a difference. The first only says from where to count. A block
  is `b<until>,<known until>` at the end, and says until when the others say anything. Any number of admissions fits into
  one microsecond.

  After a clock was set back, time stands still until it has caught up; where that would take longer than a window, all
  that is known is taken for now.

  KEYS
    log       what the subject was admitted

  ARGV
    mode      `consume`, `peek`: decide and change nothing, `force`: charge whatever is used
    cost      what is asked for
    limit     how much may be admitted within a window
    window    its length in microseconds

  REPLY
    {admitted, blocked, free, retry, reset}
              1 or 0; microseconds the subject stays blocked; how much more may be admitted, microseconds until the cost
              would be (0 with `force`), microseconds until it is as if never used
]]
local log = KEYS[1]
local mode, cost, limit, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local time = redis.call('TIME')
local server_now = time[1] * 1000000 + time[2]
local now = server_now

local function entry(text)
  local at, sum = string.match(text, '^(%d+):(%d+)$')
  return tonumber(at), tonumber(sum)
end

local function at_place(place)
  return entry(redis.call('LINDEX', log, place))
end

-- The first entry after the one it counts from for which that is so, its place, and the sum before it. All are in order,
-- so a long log costs a few looks more than a short one.
local function find(places, is_so)
  local low, high = 0, 1
  while high < places and not is_so(at_place(high)) do
    low, high = high, high * 2
  end
  high = math.min(high, places)
  while high - low > 1 do
    local middle = math.floor((low + high) / 2)
    if is_so(at_place(middle)) then
      high = middle
    else
      low = middle
    end
  end
  return high < places and at_place(high) or nil, high, select(2, at_place(low))
end

local places = redis.call('LLEN', log)
local last = redis.call('LINDEX', log, -1)
local blocked, blocked_until = 0, nil
if last and string.sub(last, 1, 1) == 'b' then
  blocked_until = tonumber(string.match(last, '^b(%d+)'))
  blocked = math.max(blocked_until - now, 0)
  last = redis.call('LINDEX', log, -2)
  places = places - 1
end

local at, sum, base, first = now, 0, 0, 0
if last then
  at, sum = entry(last)
end
if places == 1 then
  -- All was given back. The first alone is no admission for which time could stand still.
  at = now
end
local stale = at - now > window
if stale then
  at = now
  base = select(2, at_place(0))
elseif last then
  now = math.max(now, at)
  local _
  _, first, base = find(places, function(entry_at) return entry_at > now - window end)
end
local used = sum - base

local over = used + cost - limit
local fits = blocked == 0 and over <= 0
local retry = 0
if over > 0 and mode ~= 'force' then
  local gone = not stale and find(places, function(_, entry_sum) return entry_sum - base >= over end) or now
  retry = gone + window - now
end

local charged = 0
if mode == 'force' then
  charged = math.max(math.min(cost, 2 * limit - used), -used)
elseif mode == 'consume' and fits then
  charged = cost
end

local writes = charged ~= 0 or stale and mode ~= 'peek'
if writes then
  if blocked_until then
    redis.call('RPOP', log)
  end
  if stale or not last then
    redis.call('DEL', log)
    redis.call('RPUSH', log, string.format('%.0f:0', now - window))
    sum = used
    if used > 0 then
      redis.call('RPUSH', log, string.format('%.0f:%.0f', now, used))
    end
    base = 0
  elseif first > 1 then
    redis.call('LTRIM', log, first - 1, -1)
  end
  -- What is given back was admitted last.
  local left = sum + math.min(charged, 0)
  while sum > left do
    local entry_at = entry(redis.call('RPOP', log))
    at, sum = at_place(-1)
    if sum < left then
      at, sum = entry_at, left
      redis.call('RPUSH', log, string.format('%.0f:%.0f', at, sum))
    end
  end
  if charged > 0 then
    at = now
    redis.call('RPUSH', log, string.format('%.0f:%.0f', now, sum + charged))
  end
  used = used + charged
end

local reset = used > 0 and math.max(at + window - now, 0) or 0
if writes then
  if blocked > 0 then
    redis.call('RPUSH', log, string.format('b%.0f,%.0f', blocked_until, server_now + reset))
  end
  redis.call('PEXPIRE', log, math.ceil(math.max(reset, blocked) / 1000) + 1)
end
return { fits and 1 or 0, blocked, limit - used, retry, reset }
