--[[
  block-log: deny a subject with a log everything for a time, or end that.

  What was admitted stays known before it. Between a read and a write of it somebody could be admitted, which would be lost.

  KEYS
    log       what the subject was admitted

  ARGV
    block_us  for how long from now on, in microseconds; 0 ends a block

  REPLY
    1   done
]]
local log = KEYS[1]
local block_us = tonumber(ARGV[1])

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local last = redis.call('LINDEX', log, -1)
local kept = math.max(redis.call('PTTL', log), math.ceil(block_us / 1000) + 1)
if last and string.sub(last, 1, 1) == 'b' then
  redis.call('RPOP', log)
  last = redis.call('LINDEX', log, -1)
end

if block_us > 0 then
  redis.call('RPUSH', log, string.format('b%.0f', now + block_us))
end
if block_us > 0 or last then
  redis.call('PEXPIRE', log, kept)
end
return 1
