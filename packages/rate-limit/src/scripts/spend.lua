--[[
  spend: count in a window, and block once the count has come too far.

  The count, the expiry of a new window and the block are one step. Apart, a key could be left that never expires, and two
  that cross the line at once could both block, or neither.

  The key holds nothing but the count and ends with its window or its block. rate-limiter-flexible keeps it so too:
  processes with the one and processes with the other count together.

  KEYS
    counter     what was consumed

  ARGV
    points      what is added; a negative number gives back
    window_ms   how long a new window lasts
    block_at    the count that blocks
    block_ms    for how long; 0 for not at all

  REPLY
    {consumed, left}
                the count with the points; milliseconds until it is forgotten
]]
local counter = KEYS[1]
local points, window_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local block_at, block_ms = tonumber(ARGV[3]), tonumber(ARGV[4])

local consumed = redis.call('INCRBY', counter, string.format('%.0f', points))
local left = redis.call('PTTL', counter)
local keep
if block_ms > 0 and consumed >= block_at and consumed - points < block_at then
  keep = block_ms
elseif left < 0 then
  keep = window_ms
end

if keep then
  redis.call('PEXPIRE', counter, string.format('%.0f', keep))
  left = keep
end
return { consumed, left }
