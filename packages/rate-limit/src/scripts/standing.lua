--[[
  standing: say what was consumed, and for how long that counts.

  Asked for apart, the count could be of one window and the time of the next.

  KEYS
    counter   what was consumed

  REPLY
    {consumed, left}   the count; milliseconds until it is forgotten, -1 for never
    nil                nothing is counted
]]
local counter = KEYS[1]

local consumed = redis.call('GET', counter)
if not consumed then
  return false
end
return { tonumber(consumed), redis.call('PTTL', counter) }
