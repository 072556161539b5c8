--[[
  hit: count a request in its window, or block who has made too many.

  Between a count and a block somebody else could be let through, so both are one step, in one key: the count, with a `b`
  before it for as long as it blocks. It ends with the window, or with the block; then all begins anew. What is denied
  is not counted.

  KEYS
    hits       what was counted

  ARGV
    window_ms  how long a window lasts
    limit      how many it admits
    block_ms   for how long the first one too many blocks; 0: only for what is left of the window

  REPLY
    {total, left, blocked}
               how many with this one; milliseconds until all begins anew; 1 when it is denied, else 0
]]
local hits = KEYS[1]
local window_ms, limit, block_ms = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local value = redis.call('GET', hits) or '0'
local left = redis.call('PTTL', hits)
if string.sub(value, 1, 1) == 'b' then
  return { tonumber(string.sub(value, 2)), left, 1 }
end

local total = tonumber(value) + 1
if left < 0 then
  left = window_ms
end
if total <= limit then
  redis.call('SET', hits, string.format('%.0f', total), 'PX', math.max(left, 1))
  return { total, left, 0 }
end

if block_ms > 0 then
  redis.call('SET', hits, string.format('b%.0f', total), 'PX', block_ms)
  return { total, block_ms, 1 }
end
return { total, left, 1 }
