--[[
  charge: charge all limits of a subject, or none of them.

  Several limits are charged in one step, or somebody else could use up the second after the first was charged. All of
  them lie in one key, so that a slot that moves can never have some of them here and the others there.

  The key holds a word for each limit, by its algorithm, times in microseconds of the server's clock:

    g<empty at>                       gcra; a single one is only the number
    t<level>,<at>,<token>             token-bucket: what was missing then, and how much of that a token is
    f<start>,<count>                  fixed-window
    s<start>,<count>,<count before>   sliding-window
    b<until>,<known until>            at the beginning: blocked, and until when the others say anything

  A word of another algorithm than is asked for counts as nothing. A time in the future, which a clock that was set back
  leaves behind, is taken for now and written, also with a denial: otherwise it would last until that time comes.

  KEYS
    counters  what the subject has used

  ARGV
    mode      `consume`, `peek`: decide and change nothing, `force`: charge whatever is used
    limits    for each limit its letter and four numbers: what the cost adds, what fits in, and two of the algorithm's
              g 0 0, t <refill per microsecond> <token>, f <window> 0, s <window> <step>

  REPLY
    {admitted, blocked, free, retry, reset, ...}
              1 or 0; microseconds the subject stays blocked; and for each limit: how much more fits in, microseconds until
              the cost would fit in (0 with `force`), microseconds until it is as if never used
]]
local counters = KEYS[1]
local mode, limits = ARGV[1], ARGV[2]

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local value = redis.call('GET', counters) or ''
if tonumber(value) then
  value = string.format('g%.0f', value)
end

local blocked_until = tonumber(string.match(value, '^b(%d+)') or 0)
local blocked = blocked_until > now and blocked_until - now or 0
local words = {}
for kind, a, b, c in string.gmatch(value, '([gtfs])(%d+),?(%d*),?(%d*)') do
  words[#words + 1] = { kind, tonumber(a), tonumber(b), tonumber(c) }
end

local mend = false

local function past(at)
  if at > now then
    mend = true
    return now
  end
  return at
end

local function ceil_div(a, b)
  return math.floor((a + b - 1) / b)
end

-- Each: `see` brings a word up to now, `used` says how much of the limit that is, `wait` when `over` will have
-- gone again, `reset` when all will, `add` charges, `write` makes a word of it.
local algorithms = {
  g = {
    see = function(limit, word)
      local level = word and word[2] - now or 0
      if level > 2 * limit.capacity then
        mend = true
        level = limit.capacity
      end
      limit.level = math.max(level, 0)
    end,
    used = function(limit) return limit.level end,
    add = function(limit, charge) limit.level = math.max(limit.level + charge, 0) end,
    wait = function(limit, over) return over end,
    reset = function(limit) return limit.level end,
    write = function(limit) return string.format('g%.0f', now + limit.level) end,
  },
  t = {
    see = function(limit, word)
      limit.level = 0
      if word then
        -- Under another plan a token was another amount.
        local level = word[4] == limit.b and word[2] or math.ceil(word[2] / word[4] * limit.b)
        limit.level = math.max(math.min(level, 2 * limit.capacity) - (now - past(word[3])) * limit.a, 0)
      end
    end,
    used = function(limit) return limit.level end,
    add = function(limit, charge) limit.level = math.max(limit.level + charge, 0) end,
    wait = function(limit, over) return ceil_div(over, limit.a) end,
    reset = function(limit) return ceil_div(limit.level, limit.a) end,
    write = function(limit) return string.format('t%.0f,%.0f,%.0f', limit.level, now, limit.b) end,
  },
  f = {
    see = function(limit, word)
      limit.start, limit.count = now, 0
      if word then
        local start = past(word[2])
        if now - start < limit.a then
          limit.start, limit.count = start, word[3]
        end
      end
    end,
    used = function(limit) return limit.count end,
    add = function(limit, charge) limit.count = math.max(limit.count + charge, 0) end,
    wait = function(limit) return limit.start + limit.a - now end,
    reset = function(limit) return limit.count > 0 and limit.start + limit.a - now or 0 end,
    write = function(limit) return string.format('f%.0f,%.0f', limit.start, limit.count) end,
  },
  s = {
    see = function(limit, word)
      limit.start, limit.count, limit.before = now, 0, 0
      limit.steps = ceil_div(limit.a, limit.b)
      if word then
        local start = past(word[2])
        local windows = math.floor((now - start) / limit.a)
        if windows == 0 then
          limit.start, limit.count, limit.before = start, word[3], word[4]
        elseif windows == 1 then
          limit.start, limit.before = start + limit.a, word[3]
        end
      end
    end,
    used = function(limit)
      return limit.before * ceil_div(limit.start + limit.a - now, limit.b) + limit.count * limit.steps
    end,
    add = function(limit, charge)
      limit.count = math.max(limit.count + math.floor(charge / limit.steps), 0)
    end,
    wait = function(limit, _, charge)
      local room = limit.capacity - charge - limit.count * limit.steps
      if room >= 0 then
        return limit.start + limit.a - now - math.floor(room / limit.before) * limit.b
      end
      local weight = math.min(math.floor((limit.capacity - charge) / limit.count), limit.steps)
      return limit.start + 2 * limit.a - now - math.min(weight * limit.b, limit.a)
    end,
    reset = function(limit)
      if limit.count > 0 then return limit.start + 2 * limit.a - now end
      return limit.before > 0 and limit.start + limit.a - now or 0
    end,
    write = function(limit)
      return string.format('s%.0f,%.0f,%.0f', limit.start, limit.count, limit.before)
    end,
  },
}

local asked = {}
local fits = blocked == 0
for kind, charge, capacity, a, b in string.gmatch(limits, '(%a)(-?%d+),(%d+),(%d+),(%d+)') do
  local limit = { charge = tonumber(charge), capacity = tonumber(capacity), a = tonumber(a), b = tonumber(b) }
  local word = words[#asked + 1]
  limit.by = algorithms[kind]
  limit.by.see(limit, word and word[1] == kind and word or nil)
  local over = limit.by.used(limit) + limit.charge - limit.capacity
  limit.retry = over > 0 and mode ~= 'force' and limit.by.wait(limit, over, limit.charge) or 0
  fits = fits and over <= 0
  asked[#asked + 1] = limit
end

local charges = mode == 'force' or mode == 'consume' and fits
if charges then
  for _, limit in ipairs(asked) do
    local most = 2 * limit.capacity - limit.by.used(limit)
    -- More is never owed than twice what fits in.
    limit.by.add(limit, mode == 'force' and math.min(limit.charge, math.max(most, 0)) or limit.charge)
  end
end

local reply = { fits and 1 or 0, blocked }
local known = 0
local text = {}
for _, limit in ipairs(asked) do
  local reset = limit.by.reset(limit)
  known = math.max(known, reset)
  reply[#reply + 1] = limit.capacity - limit.by.used(limit)
  reply[#reply + 1] = limit.retry
  reply[#reply + 1] = reset
  text[#text + 1] = limit.by.write(limit)
end

if charges or mend and mode ~= 'peek' then
  local whole = table.concat(text, ' ')
  if blocked > 0 then
    whole = string.format('b%.0f,%.0f ', blocked_until, now + known) .. whole
  elseif #asked == 1 and string.sub(whole, 1, 1) == 'g' then
    whole = string.sub(whole, 2)
  end
  redis.call('SET', counters, whole, 'PX', math.ceil(math.max(known, blocked) / 1000) + 1)
end
return reply
