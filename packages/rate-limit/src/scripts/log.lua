--[[
  log: charge a limit that remembers each admission, or deny.

  Exact in any window: the key is a list of what was admitted, `<at>:<all in all>`, oldest first, with the sum of all
  costs up to it, so that what lies between two of them is a difference. The first only says from where to count. A block
  is `b<until>` at the end. Any number of admissions fits into one microsecond.

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
              would be, microseconds until it is as if never used
]]
local log = KEYS[1]
local mode, cost, limit, window = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function entry(text)
  local at, sum = string.match(text, '^(%d+):(%d+)$')
  return tonumber(at), tonumber(sum)
end

-- The first entry after the one it counts from for which that is so, its place, and the sum before it. In chunks:
-- nobody reads a long log at once.
local function find(is_so)
  local from, before = 0, 0
  while true do
    local texts = redis.call('LRANGE', log, from, from + 31)
    for i, text in ipairs(texts) do
      local at, sum = entry(text)
      if not at or from + i > 1 and is_so(at, sum) then
        return at, from + i - 1, before
      end
      before = sum
    end
    if #texts < 32 then
      return nil, from + #texts, before
    end
    from = from + 32
  end
end

local last = redis.call('LINDEX', log, -1)
local blocked, blocked_until = 0, nil
if last and string.sub(last, 1, 1) == 'b' then
  blocked_until = tonumber(string.sub(last, 2))
  blocked = math.max(blocked_until - now, 0)
  last = redis.call('LINDEX', log, -2)
end

local at, sum, base, first = now, 0, 0, 0
if last then
  at, sum = entry(last)
end
local stale = at - now > window
if stale then
  at = now
  base = select(2, entry(redis.call('LINDEX', log, 0)))
elseif last then
  now = math.max(now, at)
  local _
  _, first, base = find(function(entry_at) return entry_at > now - window end)
end
local used = sum - base

local over = used + cost - limit
local fits = blocked == 0 and over <= 0
local retry = 0
if over > 0 then
  local gone = not stale and find(function(_, entry_sum) return entry_sum - base >= over end) or now
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
  if stale or charged < 0 or not last then
    -- Made anew. What is given back was admitted last: the sums go no further than what is left.
    local left = used + math.min(charged, 0)
    local texts = { string.format('%.0f:%.0f', now, used) }
    if not stale then
      texts = redis.call('LRANGE', log, first, -1)
    end
    redis.call('DEL', log)
    redis.call('RPUSH', log, string.format('%.0f:0', now - window))
    sum = 0
    for _, text in ipairs(texts) do
      local entry_at, entry_sum = entry(text)
      local upto = math.min(stale and entry_sum or entry_sum - base, left)
      if upto > sum then
        at, sum = entry_at, upto
        redis.call('RPUSH', log, string.format('%.0f:%.0f', at, sum))
      end
    end
  elseif first > 1 then
    redis.call('LTRIM', log, first - 1, -1)
  end
  if charged > 0 then
    at = now
    redis.call('RPUSH', log, string.format('%.0f:%.0f', now, sum + charged))
  end
  used = used + charged
  if blocked > 0 then
    redis.call('RPUSH', log, string.format('b%.0f', blocked_until))
  end
end

local reset = used > 0 and math.max(at + window - now, 0) or 0
if writes then
  redis.call('PEXPIRE', log, math.ceil(math.max(reset, blocked) / 1000) + 1)
end
return { fits and 1 or 0, blocked, limit - used, retry, reset }
